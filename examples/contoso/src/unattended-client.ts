/**
 * The mail client as the conformance kit starts it: `client_under_test: { command: [node, examples/contoso/src/unattended-client.ts] }`.
 *
 * Exit codes: 0 the mail was read, 1 the client gave up and says why.
 */
import process from 'node:process'
import { walkUnattended } from './unattended.ts'

const told = (name: string): string => process.env[`POSTERN_CONFORMANCE_${name}`] ?? ''

try {
  if (told('FLOW') !== 'code') throw new TypeError('this client signs in by a browser alone')
  await walkUnattended({
    issuer: told('ISSUER'),
    mail: told('MAIL'),
    clientId: told('CLIENT_ID'),
    redirectUri: told('REDIRECT'),
    address: told('ADDRESS'),
    reads: Number(told('READS')),
  })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
