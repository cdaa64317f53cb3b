/**
 * What `npm start` prints once everything runs: addresses, accounts, a token, and three lines to try it.
 *
 * It owns the words and which pages are named: only those that answer. It starts and changes nothing.
 */
import type { DemoFile } from '../examples/contoso/src/demo-file.ts'

const WIDTH = 15
const CODE_COMMAND = 'node_modules/.bin/node examples/contoso/src/print-code.ts'

/** The whole text, ending in a line break. Asks the portal and the admin console whether they are there. */
export async function renderSummary(options: { demo: DemoFile; token: string; logs: readonly string[] }): Promise<string> {
  const { demo, token } = options
  const pages: readonly (readonly [string, string | undefined])[] = [
    ['Issuer', demo.issuer],
    ['Sign-in page', `${demo.mailServer}/signin`],
    ['Portal', await whenServed(demo.endpoints.portal)],
    ['Admin console', await whenServed(demo.endpoints.admin)],
    ['Mail server', demo.mailServer],
    ['In the cloud', demo.hybrid?.cloudServer],
  ]
  const people = [...demo.accounts, demo.admin].map(
    ({ upn, password, totpSecret }) => [upn, password, totpSecret ?? 'none yet: sign in to set one up'] as const,
  )
  const [nameWidth, passwordWidth] = [0, 1].map(
    (column) => Math.max(...people.map((row) => row[column]?.length ?? 0), 8) + 2,
  ) as [number, number]
  const inbox = `${demo.mailServer}/api/v1/me/messages`
  return [
    '',
    'Postern is running.',
    '',
    ...pages.flatMap(([label, address]) => (address === undefined ? [] : [`  ${label.padEnd(WIDTH)}${address}`])),
    '',
    `  ${'Account'.padEnd(nameWidth)}${'Password'.padEnd(passwordWidth)}Secret of the second factor (TOTP)`,
    ...people.map(([name, password, secret]) => `  ${name.padEnd(nameWidth)}${password.padEnd(passwordWidth)}${secret}`),
    '',
    '  A code from a secret: scan or type it into an authenticator app, or run',
    `  ${CODE_COMMAND} ${demo.accounts[0]?.upn ?? ''}`,
    '  Each code works once; a new one comes every 30 seconds.',
    '',
    '  A mail client at work, from an address to the mailbox:',
    `  node_modules/.bin/node examples/contoso/src/client.ts ${demo.accounts[0]?.upn ?? ''}`,
    '',
    '  A phone that knows only a password, and how its owner lets it in:',
    '  npm run phone',
    '',
    '  Two mail servers at work: Mary asks when Joe, in the cloud, is free:',
    '  npm run hybrid',
    '  npm run hybrid -- mobile   (how her phone, with an app of the cloud, gets the letters on premises)',
    '',
    '  An access token of Mary, from a sign-in with password and code:',
    '',
    token,
    '',
    '  The mail server asks for a token (401, with the address of the sign-in in WWW-Authenticate):',
    '',
    `curl -i -H 'Authorization: Bearer' ${inbox}`,
    '',
    '  With the token the mailbox opens (200):',
    '',
    `curl -i -H 'Authorization: Bearer ${token}' ${inbox}`,
    '',
    '  With one character of the signature changed it stays shut (401):',
    '',
    `curl -i -H 'Authorization: Bearer ${changeOneCharacter(token)}' ${inbox}`,
    '',
    `  For scripts: .postern/demo.json. Logs: ${options.logs.join(', ')}`,
    '  Ctrl-C stops everything. The data is kept.',
    '',
    '',
  ].join('\n')
}

/** Changes a character in the middle of the signature. The last one may carry bits that mean nothing. */
export function changeOneCharacter(token: string): string {
  const signature = token.lastIndexOf('.') + 1
  if (signature === 0 || token.length - signature < 20) throw new TypeError('not a signed token')
  const at = signature + 10
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
}

/** The address, unless nothing is served there. A page that redirects to a sign-in or refuses is there. */
async function whenServed(address: string | undefined): Promise<string | undefined> {
  if (address === undefined) return undefined
  try {
    const response = await fetch(address, { redirect: 'manual' })
    await response.body?.cancel()
    return response.status === 404 ? undefined : address
  } catch (cause) {
    if (cause instanceof TypeError) return undefined // fetch reports a network failure so
    throw cause
  }
}
