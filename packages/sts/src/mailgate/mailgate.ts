/**
 * mailgate decides for mail servers whether an app that knows only a password may open somebody's mail.
 *
 * It owns the addresses that mail servers ask at (JSON, nginx, Dovecot), who may ask, and what they are answered. It does not
 * own passwords (accounts), app passwords (mfa), the rules (policy/mail), tokens (protocol), nor the owner's pages (portal).
 * Nobody but mail servers gets anything here: whoever could ask could try passwords.
 * @module
 */
import type { MailServer } from '@postern/storage'
import type { Context } from 'koa'
import { sourceOf } from '../accounts/source.ts'
import { readBodyText } from '../http/form.ts'
import { RequestProblem } from '../http/problems.ts'
import { type Answer, type Feature, json, type Route, route } from '../http/route.ts'
import { requestState } from '../protocol/request-state.ts'
import { createDecide } from './decide.ts'
import { createDovecotPolicy, parseDovecotQuestion } from './dovecot-policy.ts'
import { MailgateError } from './errors.ts'
import { type GateAnswer, portalOf, renderAnswer } from './gate-answer.ts'
import { type GateQuestion, parseGateQuestion, questionLimit } from './gate-request.ts'
import { createServerAuthentication, type ServerAuthentication } from './mail-server-authentication.ts'
import { parseNginxHttp, renderNginxHttpGrant, renderNginxHttpRefusal } from './nginx-http.ts'
import { nginxProtocolOf, parseNginxMail, renderNginxGrant, renderNginxRefusal } from './nginx-mail.ts'
import type { GateRealm, MailgateParts } from './ports.ts'
import { basicChallenge, renderRefusal } from './refusals.ts'

export type { ServerAuthentication } from './mail-server-authentication.ts'
export type { MailgateParts } from './ports.ts'

/** Who asks, and about which realm. */
interface Caller {
  readonly realm: GateRealm
  readonly server: MailServer
  readonly reference: string
}

export interface Mailgate extends Feature {
  /** Who asks, for whatever else mail servers ask at. */
  readonly servers: ServerAuthentication
}

export function createMailgate(parts: MailgateParts): Mailgate {
  const { clock, gate, memoryKey } = parts
  const decide = createDecide(parts)
  const judgeForDovecot = createDovecotPolicy(parts)
  const servers = createServerAuthentication({ gate, clock, key: memoryKey, sourceOf })

  async function callerOf(ctx: Context): Promise<Caller> {
    const { runtime, reference, source } = requestState()
    const id = await servers.authenticate(runtime.store, { authorization: ctx.get('Authorization'), source })
    const server = runtime.mail.servers.get(id)
    if (server === undefined) throw new MailgateError('unknown_mail_server', 'This client is no mail server.')
    return { realm: runtime, server, reference }
  }

  const ask = async (caller: Caller, question: GateQuestion): Promise<GateAnswer> => {
    const decided = await decide({ ...caller, question })
    return renderAnswer(decided, { ...caller, request: question.request })
  }

  const decideRoute = answering('POST /mailgate/decide', async (ctx) => {
    const caller = await callerOf(ctx)
    return json(await ask(caller, parseGateQuestion(await readJson(ctx))))
  })

  const dovecot = answering('POST /mailgate/dovecot/policy', async (ctx) => {
    const { realm, server } = await callerOf(ctx)
    const body = await readJson(ctx)
    // What came of it is told to us as well, and was written down where it was decided.
    if (ctx.query.command === 'report') return json({ status: 0, msg: '' })
    return json(await judgeForDovecot({ realm, server, asked: parseDovecotQuestion(body) }))
  })

  const nginxMail = answering('GET /mailgate/nginx/mail', async (ctx) => {
    const caller = await callerOf(ctx)
    const protocol = nginxProtocolOf(ctx.req.headers)
    const question = parseNginxMail(ctx.req.headers)
    const refuse = (reason: 'wrong_secret' | 'unavailable' | 'protocol_not_served') =>
      told(ctx, 200, renderNginxRefusal(plainRefusal(caller, reason).refusal, protocol))
    if (question === undefined) return refuse('wrong_secret')
    if (!caller.server.protocols.includes(protocol)) return refuse('protocol_not_served')
    const answer = await unlessBusy(() => ask(caller, question))
    if (answer === undefined) return refuse('unavailable')
    if (answer.refusal !== undefined) return told(ctx, 200, renderNginxRefusal(answer.refusal, protocol))
    const upstream = caller.server.upstreams[protocol]
    if (upstream === undefined || answer.account === undefined) return refuse('unavailable')
    return told(ctx, 200, renderNginxGrant(answer.account, upstream))
  })

  const nginxHttp = answering('GET /mailgate/nginx/http', async (ctx) => {
    const caller = await callerOf(ctx)
    const refuse = (reason: 'wrong_secret' | 'unavailable' | 'protocol_not_served') => {
      const { text, refusal } = plainRefusal(caller, reason)
      const { status, headers } = renderNginxHttpRefusal(text, refusal)
      return told(ctx, status, headers)
    }
    const asked = unlessMalformed(() => parseNginxHttp(ctx.req.headersDistinct))
    if (asked?.kind !== 'question') return refuse(asked?.kind === 'nothing-shown' ? 'wrong_secret' : 'protocol_not_served')
    if (!caller.server.protocols.includes(asked.question.app.protocol)) return refuse('protocol_not_served')
    const answer = await unlessBusy(() => ask(caller, asked.question))
    if (answer === undefined) return refuse('unavailable')
    if (answer.refusal === undefined) return told(ctx, 204, renderNginxHttpGrant(answer))
    const { status, headers } = renderNginxHttpRefusal(answer.text, answer.refusal)
    return told(ctx, status, headers)
  })

  return Object.freeze({
    name: 'mailgate',
    routes: Object.freeze([decideRoute, dovecot, nginxMail, nginxHttp]),
    servers,
  })
}

/** A route for programs: what the gate does not answer is told as JSON, whatever the caller says it takes. */
function answering(signature: `${'GET' | 'POST'} /${string}`, handle: (ctx: Context) => Promise<Answer>): Route {
  return route(signature, {}, async ({ ctx, realm, reference }) => {
    try {
      return await handle(ctx)
    } catch (error) {
      if (error instanceof RequestProblem)
        return json({ error: 'request_malformed', error_description: error.detail ?? error.code, reference }, error.status)
      if (!(error instanceof MailgateError)) throw error
      if (error.code === 'unknown_mail_server') ctx.set('WWW-Authenticate', basicChallenge(realm.displayName))
      if (error.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(error.retryAfterSeconds))
      return json({ error: error.code, error_description: error.message, reference }, error.status)
    }
  })
}

const readJson = (ctx: Context): Promise<string> => readBodyText(ctx.req, { type: 'application/json', limit: questionLimit })

const plainRefusal = ({ realm, reference }: Caller, reason: 'wrong_secret' | 'unavailable' | 'protocol_not_served') =>
  renderRefusal({
    ...{ reason, appPasswordHelps: false, modernHelps: false, request: reference },
    portal: portalOf(realm),
    realmName: realm.realm.displayName,
  })

function told(ctx: Context, status: number, headers: Readonly<Record<string, string>>): Answer {
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value)
  return json('', status)
}

/** nginx makes an error of its own of a 503; `undefined` where too many wait to be hashed. */
async function unlessBusy<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'retryAfterSeconds' in error && !(error instanceof MailgateError)) return undefined
    throw error
  }
}

function unlessMalformed<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof MailgateError) return undefined
    throw error
  }
}
