import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('a process that started PostgreSQL for its tests ends with its own exit code', () => {
  const program = `
    const { startPostgres } = await import(process.argv[1])
    const server = await startPostgres({ own: true })
    await server.stop()
    process.exitCode = 3`
  const module = import.meta.resolve('@postern/storage/contract').replace('contract.ts', 'postgres-server.ts')
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program, module], { encoding: 'utf8' })
  expect(ended.status, ended.stderr).toBe(3)
})
