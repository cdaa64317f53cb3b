/**
 * Prints an access token of a demo account for any resource, to try an API with: in a script,
 * `TOKEN=$(node examples/contoso/src/print-token.ts mary@contoso.com http://localhost:9001/)`.
 *
 * It signs in through the real pages with the password and the secret of `.postern/demo.json`, as the demo's mail client, to
 * which the resource must be granted. The token alone goes to the output; what is said about it, to the other stream.
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { AuthorizationError } from './authorization-code.ts'
import { DemoFileError, loadDemoFile } from './demo-file.ts'
import { BrowserError } from './form-browser.ts'
import { SignInError, signIn } from './sign-in.ts'

const USAGE = `usage: print-token.ts ADDRESS RESOURCE [SCOPE ...]

Signs a demo account in and prints an access token, which opens what it says
to whoever has it. npm start must be running.

  ADDRESS    the account, e.g. mary@contoso.com
  RESOURCE   what the token is for, e.g. http://localhost:9001/
  SCOPE      short names, e.g. Calendar.Read; all that the demo's mail client
             may have there when left out

To let the client ask:  postern client grant CLIENT RESOURCE
Which demo: .postern/demo.json, or the file that POSTERN_DEMO_FILE names.
Exit codes: 0 the token is printed, 1 there is none, 2 wrong usage.
`
const REFUSALS = [AuthorizationError, DemoFileError, BrowserError, SignInError]

const say = (text: string): void => void process.stderr.write(`${text}\n`)

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } })
  const [address, resource, ...scopes] = positionals
  if (values.help === true) process.stdout.write(USAGE)
  else if (address === undefined || resource === undefined || !URL.canParse(resource)) {
    process.stderr.write(USAGE)
    process.exitCode = 2
  } else process.stdout.write(`${await obtainToken(address, resource, scopes)}\n`)
} catch (error) {
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    say(`${error.message}\n\n${USAGE}`)
    process.exitCode = 2
  } else if (REFUSALS.some((kind) => error instanceof kind)) {
    say(error instanceof Error ? error.message : '')
    process.exitCode = 1
  } else throw error
}

async function obtainToken(address: string, resource: string, scopes: readonly string[]): Promise<string> {
  const demo = await loadDemoFile(
    process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url)),
  )
  const people = [...demo.accounts, demo.admin]
  const account = people.find(({ upn }) => upn.toLowerCase() === address.toLowerCase())
  if (account === undefined)
    throw new DemoFileError('missing', `${address} is no demo account. They are: ${people.map(({ upn }) => upn).join(', ')}`)
  const { clientId, redirectUris } = demo.mailClient
  try {
    const { accessToken, scope } = await signIn({
      issuer: demo.issuer,
      client: { clientId },
      account,
      redirectUri: redirectUris[0] ?? '',
      resource,
      scope: (scopes.length === 0 ? ['.default'] : scopes).map((one) => `${resource}${one}`).join(' '),
      wait: (milliseconds) => {
        say(`This code was used before; the next one comes in ${Math.ceil(milliseconds / 1000)} s.`)
        return new Promise((resolve) => setTimeout(resolve, milliseconds))
      },
    })
    say(`for ${account.upn}, for ${resource}, ${scope ?? 'without scopes'}`)
    return accessToken
  } catch (error) {
    if (error instanceof AuthorizationError)
      say(`May the demo's mail client ask for it? If not: postern client grant ${clientId} ${resource}`)
    if (error instanceof SignInError && account.totpSecret === undefined)
      say(`${account.upn} has no second factor that this knows. client.ts sets one up, in a browser.`)
    // What fetch throws where nobody listens (WHATWG Fetch: a TypeError, whatever the reason).
    if (error instanceof TypeError && error.cause !== undefined)
      throw new DemoFileError('missing', `Nothing answers at ${demo.issuer}. Run npm start in another terminal.`)
    throw error
  }
}
