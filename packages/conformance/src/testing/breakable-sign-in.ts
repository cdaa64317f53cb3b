/** How the kit's own client signs in, by a code or on another device, and renews what it has. */
import { createHash, randomBytes } from 'node:crypto'
import type { Client } from './breakable-client.ts'
import { judgeIdToken } from './breakable-id-tokens.ts'
import { type Answer, ask, isSafe, jsonOf, textOf } from './breakable-requests.ts'

export interface Session {
  readonly issuer: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly idToken: string
}

export type Demand = Readonly<Record<string, string>>
type Metadata = Readonly<Record<string, string>>

const SCOPE = 'openid offline_access mail'
const FIXED = 'x'.repeat(43)
const kept = new WeakMap<Client, Metadata>()
const random = (): string => randomBytes(32).toString('base64url')

export async function readMetadata(client: Client, issuer: string): Promise<Metadata> {
  const { setting, lacks, giveUp } = client
  const old = kept.get(client)
  if (old !== undefined && lacks('keeps-metadata-for-ever') && old.issuer === issuer) return old
  let answer = await ask(setting, { url: `${issuer}/.well-known/openid-configuration` })
  const location = answer.headers.get('location')
  if (location !== null && lacks('follows-redirects')) answer = await ask(setting, { url: location })
  const found = jsonOf(answer) as Metadata // the kit's own documents; what is missing fails at its use
  if (answer.status !== 200 || (found.issuer !== issuer && !lacks('believes-any-metadata'))) return giveUp('no such issuer')
  if (!isSafe(found.token_endpoint ?? '') && !lacks('speaks-plain-http')) return giveUp('it would have to speak in clear')
  kept.set(client, found)
  return found
}

/** Asks the token endpoint, with patience where it asks for some. */
async function askForTokens(client: Client, url: string, form: Demand): Promise<Answer> {
  const { setting, lacks, giveUp } = client
  const at = lacks('puts-tokens-into-addresses') ? `${url}?${new URLSearchParams(form)}` : url
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(setting, { url: at, form: { ...form, client_id: setting.clientId } })
    const again = answer.status === 429 || answer.status >= 500 || (answer.status === 404 && lacks('hammers-dead-endpoints'))
    if (!again || tries >= (lacks('hammers') || lacks('hammers-dead-endpoints') ? 9 : 2)) return answer
    if (lacks('ends-on-overload')) return giveUp('overloaded')
    if (!lacks('never-waits')) await setting.wait(1000 * Number(answer.headers.get('retry-after') ?? 1))
  }
}

async function readTokens(client: Client, issuer: string, answer: Answer, nonce?: string): Promise<Session> {
  const { setting, lacks, giveUp } = client
  const [accessToken, idToken] = [textOf(answer, 'access_token'), textOf(answer, 'id_token')]
  if (answer.status !== 200 || accessToken === undefined) return giveUp(`no token: ${textOf(answer, 'error')}`)
  if (textOf(answer, 'token_type')?.toLowerCase() !== 'bearer' && !lacks('takes-any-kind-of-token')) return giveUp('no bearer')
  if (idToken !== undefined) {
    const { jwks_uri: url = '' } = await readMetadata(client, issuer)
    const { keys } = jsonOf(await ask(setting, { url })) as { keys: [] } // the kit's own document
    const expected = { issuer, clientId: setting.clientId, nonce, accessToken, now: setting.now(), keys }
    if (!judgeIdToken(idToken, expected, lacks)) return giveUp('that is not the person')
  }
  return { issuer, accessToken, refreshToken: textOf(answer, 'refresh_token') ?? '', idToken: idToken ?? '' }
}

async function signInByDevice(client: Client, issuer: string): Promise<Session> {
  const { setting, lacks, giveUp } = client
  const metadata = await readMetadata(client, issuer)
  const begun = await ask(setting, {
    url: metadata.device_authorization_endpoint ?? '',
    form: { client_id: setting.clientId, scope: SCOPE },
  })
  let interval = Number(jsonOf(begun).interval ?? 5)
  for (let polls = 0; polls < 10; polls += 1) {
    if (!lacks('polls-at-once')) await setting.wait(interval * 1000)
    const answer = await ask(setting, {
      url: metadata.token_endpoint ?? '',
      form: {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: textOf(begun, 'device_code'),
        client_id: setting.clientId,
      },
    })
    const error = textOf(answer, 'error')
    if (error === undefined) return readTokens(client, issuer, answer)
    if (error === 'slow_down' && lacks('ends-on-pending')) return giveUp(error)
    if (error === 'slow_down' && !lacks('ignores-slow-down')) interval += 5
    if (error !== 'slow_down' && error !== 'authorization_pending' && !lacks('polls-on')) return giveUp(error)
  }
  return giveUp('nobody came')
}

/** Where the answer led the person's browser; it follows wherever it is sent until the client's own address. */
async function browse(client: Client, url: string, redirectUri: string): Promise<URLSearchParams> {
  let answer = await ask(client.setting, { url })
  for (let hops = 0; hops < 5; hops += 1) {
    const location = answer.headers.get('location') ?? client.giveUp(`the page ended with ${answer.status}`)
    if (location.startsWith(redirectUri)) return new URL(location).searchParams
    answer = await ask(client.setting, { url: location })
  }
  return client.giveUp('sent round and round')
}

/** Asks for a code and redeems it. @param demand more parameters of the authorization request. */
export async function signIn(client: Client, issuer: string, demand: Demand): Promise<Session> {
  const { setting, lacks, giveUp } = client
  if (setting.flow === 'device') return signInByDevice(client, issuer)
  const metadata = await readMetadata(client, issuer)
  const verifier = lacks('repeats-its-proof-key') ? FIXED : lacks('has-a-short-proof-key') ? random().slice(0, 20) : random()
  const state = lacks('repeats-its-state') ? FIXED : random()
  const nonce = lacks('has-no-nonce') ? undefined : lacks('repeats-its-nonce') ? FIXED : random()
  const redirectUri = lacks('listens-elsewhere') ? 'http://127.0.0.1:50123/other' : portOf(setting.redirectUri)
  const parameters: Record<string, string> = {
    response_type: 'code',
    client_id: setting.clientId,
    redirect_uri: redirectUri,
    scope: SCOPE,
    state,
    ...(nonce !== undefined && { nonce }),
    ...(!lacks('has-no-proof-key') && proofOf(verifier, lacks('shows-its-proof-key'))),
    ...demand,
  }
  const answer = await browse(client, `${metadata.authorization_endpoint}?${new URLSearchParams(parameters)}`, redirectUri)
  if (answer.get('state') !== state && !lacks('ignores-state')) return giveUp('the answer is not for us')
  if (answer.get('iss') !== issuer && !lacks('ignores-iss')) return giveUp('the answer is not of this issuer')
  const code = answer.get('code') ?? ''
  if (code === '' && !lacks('ignores-errors')) return giveUp(`refused: ${answer.get('error')}`)
  const redeem = () =>
    askForTokens(client, metadata.token_endpoint ?? '', {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      ...(!lacks('forgets-where-it-listened') && { redirect_uri: redirectUri }),
    })
  let redeemed = await redeem()
  if (redeemed.status === 400 && lacks('repeats-refused-codes')) redeemed = await redeem()
  return readTokens(client, issuer, redeemed, nonce)
}

const portOf = (registered: string): string => {
  const url = new URL(registered)
  url.port = '50123'
  return url.href
}

const proofOf = (verifier: string, plain: boolean) =>
  plain
    ? { code_challenge: verifier, code_challenge_method: 'plain' }
    : { code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' }

/** New tokens, or undefined when the refresh token was refused. */
export async function refresh(client: Client, session: Session): Promise<Session | undefined> {
  const { lacks } = client
  const { token_endpoint: url = '' } = await readMetadata(client, session.issuer)
  const renew = () => askForTokens(client, url, { grant_type: 'refresh_token', refresh_token: session.refreshToken })
  let answer = await renew()
  for (let tries = 0; tries < 3 && answer.status === 400 && lacks('repeats-refused-refreshes'); tries += 1) answer = await renew()
  if (answer.status !== 200) return undefined
  const accessToken = textOf(answer, 'access_token') ?? ''
  const next = lacks('keeps-its-first-refresh-token') ? session.refreshToken : (textOf(answer, 'refresh_token') ?? '')
  return { ...session, accessToken, refreshToken: next }
}
