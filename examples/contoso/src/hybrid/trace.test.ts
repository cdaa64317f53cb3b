import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTraces, type Exchange, watchedFetch } from './trace.ts'

const ID = '5d3f4cbe-33a9-41e7-9a0d-2f6a1f5f7f10'
const exchange: Exchange = {
  method: 'GET',
  url: 'http://localhost/',
  requestHeaders: {},
  requestBody: '',
  status: 200,
  responseHeaders: {},
  responseBody: 'a\nb',
}
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'contoso-traces-'))
})
afterAll(() => rm(directory, { recursive: true }))

test('a request is watched only when its file is there; it is for its owner, and nothing is left of it', async () => {
  const traces = createTraces(directory)
  expect(await traces.find(ID)).toBeUndefined()
  await traces.begin(ID)
  const [file = ''] = await readdir(directory)
  expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600)
  const watch = await createTraces(directory).find(ID)
  watch?.(exchange)
  watch?.({ ...exchange, status: 401 })
  expect((await traces.end(ID)).map(({ status }) => status)).toEqual([200, 401])
  watch?.(exchange)
  expect(await readdir(directory)).toEqual([])
})

test('no name of a request leads to another file', async () => {
  await mkdir(join(directory, 'inner', 'trace-'), { recursive: true })
  await writeFile(join(directory, 'secret.jsonl'), '')
  const traces = createTraces(join(directory, 'inner'))
  for (const name of ['/../../secret', '../x', '', ID.replace('5', '.')]) expect(await traces.find(name)).toBeUndefined()
  await rm(join(directory, 'inner'), { recursive: true })
  await rm(join(directory, 'secret.jsonl'))
})

test('a process that is told to stop leaves nothing', async () => {
  const traces = createTraces(directory)
  await traces.begin(ID)
  traces.discard()
  expect(await readdir(directory)).toEqual([])
})

test('watching changes neither request nor answer, and tells the length of what is no text', async () => {
  const seen: Exchange[] = []
  const ask = watchedFetch(
    async () => new Response(new Uint8Array([0, 1, 2]), { headers: { 'content-type': 'image/png' } }),
    (one) => seen.push(one),
  )
  const response = await ask('http://localhost/x', { method: 'POST', body: 'a=1', headers: { 'content-type': 'text/plain' } })
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 1, 2])
  expect(seen).toMatchObject([{ method: 'POST', requestBody: 'a=1', responseBody: '(3 bytes of image/png)' }])
})
