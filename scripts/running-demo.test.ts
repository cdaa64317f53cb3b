import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findRunning } from './running-demo.ts'

test('a database that is open names its process; a lock that is left, or somebody else with that number, does not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-running-'))
  const lock = join(directory, 'database.lock')
  try {
    expect(findRunning(lock)).toBeUndefined()
    await writeFile(lock, `${process.pid} 1\n`)
    expect(findRunning(lock)).toBeUndefined()
    await writeFile(lock, `${2 ** 22 + 1}\n`)
    expect(findRunning(lock)).toBeUndefined()
    await writeFile(lock, `${process.pid}\n`)
    expect(findRunning(lock)).toBe(process.pid)
  } finally {
    await rm(directory, { recursive: true })
  }
})
