import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect } from './connect.ts'
import { lockDirectory } from './directory-lock.ts'
import { DirectoryInUse } from './errors.ts'

let place: string
let directory: string
const children: ChildProcess[] = []
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'postern-lock-'))
  directory = join(place, 'deep', 'database')
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  rmSync(place, { recursive: true })
})

/** Another process that holds the lock until it is killed. */
async function otherProcess(): Promise<ChildProcess> {
  const module = new URL('./directory-lock.ts', import.meta.url).href
  const program = `const { lockDirectory } = await import(process.argv[1]); lockDirectory(process.argv[2]); console.log('held'); setInterval(() => {}, 1e6)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, module, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

describe('the directory of an embedded database', () => {
  beforeEach(() => rmSync(join(place, 'deep'), { recursive: true, force: true }))

  test('is made, keeps its data and is refused to a second opener while it is open', async () => {
    const first = connect({ kind: 'pglite', directory })
    await first.runScript('create table kept (id integer); insert into kept values (7)')
    const second = connect({ kind: 'pglite', directory })
    await expect(second.runScript('select 1')).rejects.toThrow(DirectoryInUse)
    await first.close()
    expect(await second.session((session) => session.query('select id from kept'))).toEqual([{ id: 7 }])
    await second.close()
    expect(existsSync(`${directory}.lock`)).toBe(false)
  })
})

describe('lockDirectory', () => {
  beforeEach(() => {
    directory = join(place, 'database')
  })

  test('refuses a directory that a living process holds, and tells which', async () => {
    const child = await otherProcess()
    expect(() => lockDirectory(directory)).toThrow(expect.objectContaining({ code: 'directory_in_use', pid: child.pid }))
  })

  test('takes over what a killed process left', async () => {
    const child = await otherProcess()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(existsSync(`${directory}.lock`)).toBe(true)
    lockDirectory(directory)()
    expect(existsSync(`${directory}.lock`)).toBe(false)
  })

  test('takes over a lock that names our own pid but is not ours, as after a restart in a container', () => {
    writeFileSync(`${directory}.lock`, `${process.pid} 1\n`)
    lockDirectory(directory)()
  })

  test('takes over a lock whose pid now belongs to another process', () => {
    writeFileSync(`${directory}.lock`, `${process.ppid} 1\n`)
    lockDirectory(directory)()
  })

  test('takes over a lock that says nothing', () => {
    writeFileSync(`${directory}.lock`, '')
    lockDirectory(directory)()
  })
})
