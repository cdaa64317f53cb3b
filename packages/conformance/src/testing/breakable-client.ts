/**
 * A small mail client of the kit's own, careful in everything, which can be broken in one way or another.
 *
 * It owns the order: Autodiscover, challenge, sign-in, inbox. What it asks of the issuer is breakable-sign-in.ts.
 */
import { findBearerChallenge } from '../bearer-challenge.ts'
import type { ClientSetting } from '../known-parties.ts'
import { type Answer, ask, isSafe, textOf } from './breakable-requests.ts'
import { type Demand, readMetadata, refresh, type Session, signIn } from './breakable-sign-in.ts'
import type { ClientFault } from './client-faults.ts'

/** It gave up, with the reason. */
class GaveUp extends TypeError {}

export interface Client {
  readonly setting: ClientSetting
  readonly lacks: (fault: ClientFault) => boolean
  giveUp(why: string): never
}

const MOST_SIGN_INS = 2

/** The issuer of a challenge; only that which the person named. */
function issuerOf({ setting, lacks, giveUp }: Client, answer: Answer): string {
  const header = answer.headers.get('www-authenticate') ?? ''
  const named = lacks('searches-challenges-for-words')
    ? /authorization_uri=\\?"?([^",\\ ]+)/.exec(header)?.[1]
    : lacks('reads-the-first-scheme-alone') && !/^bearer/i.test(header)
      ? undefined
      : findBearerChallenge(header)?.get('authorization_uri')
  const issuer = named?.replace(/\/authorize$/, '')
  const anywhere = lacks('signs-in-anywhere') || lacks('searches-challenges-for-words')
  if (issuer === undefined) return giveUp('no challenge')
  return issuer === setting.issuer || anywhere ? issuer : giveUp('another issuer')
}

/** What a refusal asks for beyond a new token. */
function demandOf(answer: Answer): Demand | undefined {
  const challenge = findBearerChallenge(answer.headers.get('www-authenticate'))
  const [acr, claims] = [challenge?.get('acr_values'), challenge?.get('claims')]
  if (challenge?.get('error') === 'insufficient_user_authentication' && acr !== undefined) return { acr_values: acr }
  if (challenge?.get('error') !== 'insufficient_claims' || claims === undefined) return undefined
  return { claims: Buffer.from(claims, 'base64').toString('utf8') }
}

async function findInbox({ setting, lacks, giveUp }: Client): Promise<string> {
  const query = new URLSearchParams({ Email: setting.address, Protocol: 'Rest' })
  const answer = await ask(setting, { url: `${setting.mail}/autodiscover/autodiscover.json?${query}` })
  const url = textOf(answer, 'Url')
  return url !== undefined && (isSafe(url) || lacks('speaks-plain-http')) ? `${url}/me/messages` : giveUp('no safe address')
}

async function show(client: Client, url: string, token: string): Promise<Answer> {
  const { setting, lacks } = client
  const headers: Record<string, string> = { authorization: `Bearer ${token}` }
  if (lacks('tells-everything')) headers['x-debug'] = tellAll
  const at = lacks('puts-tokens-into-addresses') ? `${url}?access_token=${token}` : url
  const answer = await ask(setting, { url: at, headers })
  const location = answer.headers.get('location')
  if (location === null || !lacks('takes-its-token-along')) return answer
  return ask(setting, { url: location, headers })
}
let tellAll = ''

/** Reads the inbox once, and gets new tokens on the way where it must. */
async function readOnce(client: Client, inbox: string, given: Session): Promise<Session> {
  const { setting, lacks, giveUp } = client
  let session = given
  let [refreshes, signIns] = [0, 0]
  for (;;) {
    tellAll = `${session.refreshToken} ${session.idToken}`
    const answer = await show(client, inbox, session.accessToken)
    if (answer.status === 200) return session
    if (answer.status !== 401) return giveUp(`HTTP ${answer.status}`)
    if (lacks('falls-back-to-the-password')) {
      const pair = Buffer.from(`${setting.address}:${setting.password}`).toString('base64')
      await ask(setting, { url: inbox, headers: { authorization: `Basic ${pair}` } })
    }
    const demand = demandOf(answer)
    if (demand !== undefined && (lacks('ignores-demands') || signIns > 0)) return giveUp('it asks for more')
    const issuer = lacks('refreshes-where-the-challenge-says')
      ? (findBearerChallenge(answer.headers.get('www-authenticate'))?.get('authorization_uri') ?? '').replace(/\/authorize$/, '')
      : session.issuer
    if (demand === undefined && (refreshes === 0 || (lacks('refreshes-for-ever') && refreshes < 8))) {
      refreshes += 1
      const next = await refresh(client, { ...session, issuer })
      if (next !== undefined) {
        session = next
        continue
      }
      if (lacks('ends-on-refused-refreshes')) return giveUp('the refresh token is dead')
    }
    signIns += 1
    if (refreshes > 0 && signIns >= MOST_SIGN_INS && !(lacks('signs-in-for-ever') && signIns < 8)) return giveUp('refused again')
    session = await signIn(client, session.issuer, lacks('forgets-demands') ? {} : (demand ?? {}))
    if (lacks('signs-in-for-ever')) refreshes += 1
  }
}

async function act(client: Client): Promise<void> {
  const { setting, giveUp, lacks } = client
  const inbox = await findInbox(client)
  const question = await ask(setting, { url: inbox, headers: { authorization: 'Bearer ' } })
  if (question.status !== 401) return giveUp('no challenge')
  const issuer = issuerOf(client, question)
  if (lacks('signs-in-nowhere')) return giveUp('I do not like to')
  await readMetadata(client, issuer)
  let session = await signIn(client, issuer, {})
  for (let read = 0; read < setting.reads; read += 1) session = await readOnce(client, inbox, session)
}

/** Acts through one scene; returns 0 when it got the mail, and throws when it gave up. */
export async function runBreakableClient(setting: ClientSetting, faults: readonly ClientFault[] = []): Promise<number> {
  const lacks = (fault: ClientFault): boolean => faults.includes(fault)
  const giveUp = (why: string): never => {
    throw new GaveUp(why)
  }
  try {
    await act({ setting, lacks, giveUp })
  } catch (error) {
    if (!lacks('reports-success-always')) throw error
  }
  return 0
}
