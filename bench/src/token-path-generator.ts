/**
 * A process of its own whose people sign in once, and whose apps then redeem codes or rotate refresh tokens on kept-alive
 * connections. Cheap on purpose, like actor-generator.ts: codes are fetched before the clock runs and answers are looked at after
 * it. Every answer must have status 200 and an access token and a refresh token that no other answer had.
 */
import { createHash, randomBytes } from 'node:crypto'
import process from 'node:process'
import { getBytes, type KeptConnection, openConnection, postBytes, readAnswer } from './kept-connection.ts'
import type { People } from './signin-generator.ts'
import { authorizeUrl, type Walk, walk } from './signin-walk.ts'

export interface TokenPathPeople {
  readonly people: People
  /** What the apps ask for: with `openid`, an answer holds an ID token too. */
  readonly scope: string
}

/** Before the clock runs. */
export interface TokenPathPreparation {
  readonly prepare: 'redeem codes' | 'rotate'
  readonly connections: number
  /** Codes to have ready; a round that uses them up ends early. */
  readonly most: number
}

export interface TokenPathLoad {
  readonly what: TokenPathPreparation['prepare']
  readonly connections: number
  readonly milliseconds: number
}

export interface TokenPathResult {
  readonly answered: number
  readonly milliseconds: number
  /** Milliseconds of processors that asking took, without what was made before and looked at afterwards. */
  readonly processor: number
  readonly median: number
  readonly p99: number
  /** Signed tokens in one answer. */
  readonly signatures: number
}

interface Browser {
  readonly walk: Omit<Walk, 'address' | 'password' | 'secret'>
  readonly cookie: string
}

interface Code {
  readonly code: string
  readonly verifier: string
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const SIGNINS_AT_ONCE = 4
/** Of all tokens that ever came, a digest of each, to find one that came twice. */
const seen = new Set<string>()
let browsers: readonly Browser[] = []
let tokenUrl = ''
let client: Readonly<Record<string, string>> = {}
/** What each app holds, one app a connection. */
const chains: string[] = []
let redemptions: Buffer[] = []

async function signIn({ people: given, scope }: TokenPathPeople): Promise<void> {
  const { people, issuer, mail: registered, password } = given
  const mail = { ...registered, scope }
  const waiting = people.map((person, index) => ({ ...person, address: `127.1.${index >> 8}.${index & 255 || 255}` }))
  const signedIn: Browser[] = []
  const one = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { cookie } = await walk({ issuer, mail, password, ...next })
      signedIn.push({ walk: { issuer, mail, upn: next.upn }, cookie })
    }
  }
  await Promise.all(Array.from({ length: SIGNINS_AT_ONCE }, one))
  browsers = signedIn
  tokenUrl = `${issuer}/oauth2/v2.0/token`
  client = { client_id: mail.clientId, redirect_uri: mail.redirectUri }
}

/** Browsers that are signed in get codes without a page. */
async function fetchCodes(count: number): Promise<Code[]> {
  const codes: Code[] = []
  await Promise.all(
    browsers.map(async (browser, at) => {
      const connection = await openConnection(tokenUrl)
      for (let index = at; index < count; index += browsers.length) {
        const verifier = randomBytes(32).toString('base64url')
        const text = await connection.ask(getBytes(authorizeUrl(browser.walk, verifier), { Cookie: browser.cookie }))
        const location = /\r\nlocation: (\S+)/i.exec(text)?.[1]
        const code = location && new URL(location, tokenUrl).searchParams.get('code')
        if (!code) throw new TypeError(`no code: ${text.slice(0, 12)} ${location ?? text.slice(0, 300)}`)
        codes.push({ code, verifier })
      }
      connection.end()
    }),
  )
  return codes
}

const redemption = ({ code, verifier }: Code): Buffer =>
  postBytes(
    tokenUrl,
    FORM,
    new URLSearchParams({ grant_type: 'authorization_code', ...client, code, code_verifier: verifier }).toString(),
  )

const rotation = (token: string): Buffer =>
  postBytes(tokenUrl, FORM, `grant_type=refresh_token&client_id=${client.client_id}&refresh_token=${token}`)

/** Signed tokens in it. @throws {TypeError} where one came before */
function checkAnswer(text: string): { readonly signatures: number; readonly refreshToken: string } {
  const answer = readAnswer(text)
  const tokens = [answer.access_token, answer.refresh_token, answer.id_token].filter((one) => typeof one === 'string')
  // Two ID tokens of one person and one second may be alike; the others have an identifier of their own.
  for (const token of tokens.slice(0, 2)) {
    const digest = createHash('sha256').update(token).digest('base64')
    if (seen.has(digest)) throw new TypeError('a token came twice')
    seen.add(digest)
  }
  if (typeof answer.refresh_token !== 'string') throw new TypeError('an answer has no refresh token')
  return { signatures: tokens.length, refreshToken: answer.refresh_token }
}

async function startChains(count: number): Promise<void> {
  const connection = await openConnection(tokenUrl)
  for (const code of await fetchCodes(count)) chains.push(checkAnswer(await connection.ask(redemption(code))).refreshToken)
  connection.end()
}

/** The next request of a connection, or none. `text` is what came for the one before. */
type Next = (at: number, text: string | undefined) => Buffer | undefined

function rotating(): Next {
  return (at, text) => {
    // Only as much is read of an answer as the next request needs; the rest is looked at afterwards.
    const found = text === undefined ? undefined : /"refresh_token":"([^"]+)"/.exec(text)?.[1]
    if (text !== undefined && found === undefined) throw new TypeError(`no refresh token: ${text.slice(0, 600)}`)
    chains[at] = found ?? chains[at] ?? ''
    return rotation(chains[at])
  }
}

async function prepare({ prepare: what, connections, most }: TokenPathPreparation): Promise<void> {
  if (what === 'rotate') await startChains(Math.max(0, connections - chains.length))
  else redemptions = (await fetchCodes(most)).map(redemption)
}

async function run({ what, connections: count, milliseconds: wanted }: TokenPathLoad): Promise<TokenPathResult> {
  const next: Next = what === 'rotate' ? rotating() : () => redemptions.pop()
  const connections: KeptConnection[] = []
  // One after the other, so that they are dealt out to the workers in turn.
  while (connections.length < count) connections.push(await openConnection(tokenUrl))
  const texts: string[] = []
  const times: number[] = []
  const start = performance.now()
  const used = process.cpuUsage()
  await Promise.all(
    connections.map(async (connection, at) => {
      let text: string | undefined
      while (performance.now() < start + wanted) {
        const request = next(at, text)
        if (request === undefined) return
        const sent = performance.now()
        text = await connection.ask(request)
        times.push(performance.now() - sent)
        texts.push(text)
      }
      if (text !== undefined) next(at, text)
    }),
  )
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(used)
  for (const connection of connections) connection.end()
  const signatures = new Set(texts.map((text) => checkAnswer(text).signatures))
  if (signatures.size > 1) throw new TypeError('answers differ in what they hold')
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return {
    answered: times.length,
    milliseconds,
    processor: (user + system) / 1000,
    median: at(0.5),
    p99: at(0.99),
    signatures: [...signatures][0] ?? 0,
  }
}

async function answer(message: TokenPathPeople | TokenPathPreparation | TokenPathLoad): Promise<object> {
  if ('what' in message) return { result: await run(message) }
  await ('people' in message ? signIn(message) : prepare(message))
  return { ready: true }
}

process.on('message', (message: TokenPathPeople | TokenPathPreparation | TokenPathLoad) => {
  answer(message).then(
    (said) => process.send?.(said),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
