/**
 * Plays a mail client, from a mail address to the mailbox: `node examples/contoso/src/client.ts mary@contoso.com`.
 *
 * It owns the order of the steps and says each one. It knows nothing of the issuer beforehand but what it learns on the
 * way; only its own registration (`clientId`) comes from `.postern/demo.json`. `--sign-in` types the demo account's
 * password and code into the real pages; without it a person opens the printed address in a browser.
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DiscoveryError } from '@postern/resource-server'
import { AuthorizationError } from './authorization-code.ts'
import { DemoFileError, loadDemoFile } from './demo-file.ts'
import { BrowserError } from './form-browser.ts'
import { MailClientError, walkToMailbox } from './mail-client.ts'
import { SignInError } from './sign-in.ts'

const USAGE = 'usage: client.ts ADDRESS [--sign-in] [--mail-server URL] [--allow-issuer URL]'

/** Refusals that a person should read as a sentence; anything else is a fault and shows its stack. */
const REFUSALS = [DiscoveryError, AuthorizationError, DemoFileError, BrowserError, MailClientError, SignInError]

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'sign-in': { type: 'boolean' }, 'mail-server': { type: 'string' }, 'allow-issuer': { type: 'string' } },
  })
  const demo = await loadDemoFile(
    process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url)),
  )
  const address = positionals[0] ?? demo.accounts[0]?.upn ?? ''
  const account = [...demo.accounts, demo.admin].find(({ upn }) => upn.toLowerCase() === address.toLowerCase())
  const byForms = values['sign-in'] === true
  if (byForms && account === undefined)
    throw new DemoFileError('missing', `--sign-in knows the demo accounts only, and ${address} is none of them.`)
  await walkToMailbox({
    address,
    autodetect: values['mail-server'] ?? demo.mailServer,
    client: { clientId: demo.mailClient.clientId },
    redirectUri: demo.mailClient.redirectUris[0] ?? '',
    issuerAllowed: (issuer) => issuer === (values['allow-issuer'] ?? demo.issuer),
    ...(byForms && account !== undefined ? { account } : {}),
    say: (line) => process.stdout.write(`${line}\n`),
  })
} catch (error) {
  if (error instanceof TypeError && 'code' in error) {
    process.stderr.write(`${error.message}\n${USAGE}\n`)
    process.exitCode = 2
  } else if (REFUSALS.some((kind) => error instanceof kind)) {
    const detail = error instanceof DiscoveryError && error.detail !== undefined ? ` (${error.detail})` : ''
    process.stderr.write(`\n${error instanceof Error ? error.message : ''}${detail}\n`)
    process.exitCode = 1
  } else throw error
}
