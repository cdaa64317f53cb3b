import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'
import { writePackFolder } from './pack-folder.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-pack-'))
})
afterAll(async () => rm(folder, { recursive: true }))

const files = (text: string) => [{ name: 'a.xml', content: Buffer.from(text) }]
const ours = ['a.xml', 'b.xml']
const write = (at: string, { text = 'one', meant = false } = {}) => writePackFolder(at, files(text), { ours, meant })

test('a folder is made, and files of an earlier time are replaced in it', async () => {
  const at = join(folder, 'pack')
  expect(await write(at)).toBe(at)
  await writeFile(join(at, 'b.xml'), 'older')
  // As a crash may leave it behind.
  await writeFile(join(at, '.5f4b7a1e-3c1d-4a55-9d0e-6a41c2f7b9d3.new'), 'half')
  await write(at, { text: 'two' })
  expect(await readFile(join(at, 'a.xml'), 'utf8')).toBe('two')
  expect((await stat(join(at, 'a.xml'))).mode & 0o777).toBe(0o644)
})

test("a folder with anybody else's files is left as it is, unless that is meant; then they stay", async () => {
  const at = join(folder, 'precious')
  await mkdir(at)
  await writeFile(join(at, 'letter'), 'dear')
  await expect(write(at)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/\(letter\).*--force/) })
  expect(await readdir(at)).toEqual(['letter'])
  await write(at, { meant: true })
  expect((await readdir(at)).toSorted()).toEqual(['a.xml', 'letter'])
})

test('what cannot be written ends with a refusal, also where the system makes no folders at all', async () => {
  await expect(write(join(folder, 'nowhere', 'pack'))).rejects.toMatchObject({ code: 'invalid' })
  await expect(write(join(folder, 'precious', 'letter'), { meant: true })).rejects.toMatchObject({ code: 'invalid' })
  await expect(write('/proc/postern')).rejects.toMatchObject({ code: 'invalid' })
  expect(await readdir(folder)).not.toContain('nowhere')
})

test('folders above are made where they are wanted, and what cannot be made is an error and no endless try', async () => {
  const at = join(folder, 'one', 'two', 'three')
  expect(await makeFolder(at, { mode: 0o700 })).toBe(join(folder, 'one'))
  expect((await stat(join(folder, 'one'))).mode & 0o777).toBe(0o700)
  expect(await makeFolder(at)).toBeUndefined()
  await expect(makeFolder(join(folder, 'precious', 'letter', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  for (const path of ['/proc/postern', '/proc/postern/keys'])
    await expect(makeFolder(path)).rejects.toMatchObject({ code: 'ENOENT' })
})
