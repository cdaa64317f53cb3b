import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { canary, centre } from './parts.ts'

const program = (port: number) => `
  import { createDelivery, createKeptLog } from '@postern/sts/testing/delivery'
  const { log } = createKeptLog()
  const sender = (name, port) => ({
    kind: 'smpp', name, host: '127.0.0.1', port, tls: false, systemId: 'postern',
    password: { reveal: () => '${canary.password}' }, systemType: '', source: 'Contoso', window: 10, longText: 'parts',
    receipts: true, validitySeconds: 600, enquireSeconds: 30, inClear: false,
  })
  const senders = [sender('up', ${port}), sender('down', 1)]
  const { messages } = createDelivery({ senders }, { log, clock: () => new Date(), development: false })
  const message = { id: 'one', to: '+4915112345678', text: 'Code', channel: 'sms', language: 'en' }
  process.stdout.write((await messages.send(message)).outcome)
`

test('a process ends by itself with one sender bound and another that comes back for ever', async () => {
  const smsc = await centre()
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program(smsc.port)],
    // A process that stays is ended here, and the test fails by it.
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 30_000 },
  )
  expect(stdout).toBe('accepted')
})
