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

/** How long a person may take in the browser. */
const BROWSER_MINUTES = 10

const USAGE = 'usage: client.ts [ADDRESS] [--sign-in] [--mail-server URL] [--allow-issuer URL]'
const HELP = `${USAGE}

Plays a mail client, from an address to the mailbox. npm start must be running.

  ADDRESS             the mailbox; the first demo account when left out
  --sign-in           types the demo account's password and code by itself; without it you sign in, in a browser,
                      and have ${BROWSER_MINUTES} minutes
  --mail-server URL   where to ask who serves the address; the demo mail server when left out
  --allow-issuer URL  the one issuer to sign in with; the demo's when left out
  --help              prints this

Which demo: .postern/demo.json, or the file that POSTERN_DEMO_FILE names.
Exit codes: 0 the mailbox opened, 1 it did not, 2 wrong usage.
`

/** Refusals that a person should read as a sentence; anything else is a fault and shows its stack. */
const REFUSALS = [DiscoveryError, AuthorizationError, DemoFileError, BrowserError, MailClientError, SignInError]

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'sign-in': { type: 'boolean' },
      'mail-server': { type: 'string' },
      'allow-issuer': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) process.stdout.write(HELP)
  else await openMailbox(positionals[0], values)
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

type Options = Readonly<{ 'sign-in'?: boolean; 'mail-server'?: string; 'allow-issuer'?: string }>

async function openMailbox(given: string | undefined, options: Options): Promise<void> {
  const demo = await loadDemoFile(
    process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url)),
  )
  const address = given ?? demo.accounts[0]?.upn ?? ''
  const account = [...demo.accounts, demo.admin].find(({ upn }) => upn.toLowerCase() === address.toLowerCase())
  const byForms = options['sign-in'] === true
  if (byForms && account === undefined)
    throw new DemoFileError('missing', `--sign-in knows the demo accounts only, and ${address} is none of them.`)
  if (byForms && account?.totpSecret === undefined)
    throw new SignInError(
      'factor_missing',
      `${address} has no second factor that --sign-in knows. Run it without --sign-in to set one up, in a browser.`,
    )
  const late = byForms ? undefined : giveTime()
  try {
    await walkToMailbox({
      address,
      autodetect: options['mail-server'] ?? demo.mailServer,
      client: { clientId: demo.mailClient.clientId },
      redirectUri: demo.mailClient.redirectUris[0] ?? '',
      issuerAllowed: (issuer) => issuer === (options['allow-issuer'] ?? demo.issuer),
      ...(byForms && account !== undefined ? { account } : {}),
      say: (line) => process.stdout.write(`${line}\n`),
    })
  } finally {
    clearTimeout(late)
  }
}

/** A browser window may be closed, and then nobody would ever answer. */
function giveTime(): NodeJS.Timeout {
  process.stdout.write(`You will be asked to sign in in a browser, and have ${BROWSER_MINUTES} minutes; Ctrl-C ends it.\n\n`)
  return setTimeout(() => {
    process.stderr.write(`\nNobody signed in within ${BROWSER_MINUTES} minutes. Start again when you are ready.\n`)
    process.exit(1)
  }, BROWSER_MINUTES * 60_000)
}
