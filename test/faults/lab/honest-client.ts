/**
 * honest-client is a mail client that does what a good one does, and writes every request and answer into the history: it
 * keeps the newest refresh token that it saw, and asks again, with the same request, when it got no answer.
 *
 * It owns which token it holds. It judges no answer.
 * @module
 */
import type { TestClient } from '@postern/sts/testing'
import type { Code } from '../../support/person-browser.ts'
import type { Act, Answer, Asked, RecordedHistory } from './history.ts'

export interface HonestClient {
  readonly name: string
  /** The newest refresh token that it was given; set it to let two tabs hold the same. */
  token: string | undefined
  /** The newest access token that came with one. */
  accessToken: string | undefined
  /** Where it asks from now on: `http://127.0.0.1:{port}` of a process. */
  address: string
  /** How long it waits for an answer, in milliseconds. */
  patience: number
  /** One request. Never throws: without an answer the entry has none. */
  ask(asking: {
    act: Act
    path: string
    form?: Readonly<Record<string, string>>
    headers?: Readonly<Record<string, string>>
    method?: 'GET' | 'POST'
    oneTime?: string
    /** Whether the answer means that `oneTime` was taken. */
    proves?: (answer: Answer) => boolean
    body?: string
  }): Promise<Asked>
  redeem(code: Code): Promise<Asked>
  /** With its own token, or another. On 200 it holds the new one. */
  refresh(token?: string, extra?: Readonly<Record<string, string>>): Promise<Asked>
  /** Asks, and asks again where no answer came or one of 500 and above, `tries` times in all. Returns the last. */
  refreshUntilAnswered(tries?: number): Promise<Asked>
  revoke(token?: string): Promise<Asked>
  /** A token of a program for itself. */
  programToken(client: TestClient): Promise<Asked>
  /** What the service says about whoever holds this access token. */
  userinfo(accessToken: string): Promise<Asked>
  /** Whether this access token still counts: its bearer may ask, at introspection. */
  introspect(accessToken: string): Promise<Asked>
}

/** Whether asking again is what an honest client does. */
export const isLost = (one: Asked): boolean => one.answer === undefined || one.answer.status >= 500

export function createHonestClient(options: {
  name: string
  address: string
  /** `/{realm}` */
  realmPath: string
  clientId: string
  history: RecordedHistory
}): HonestClient {
  const { history, clientId, realmPath } = options
  const tokenPath = `${realmPath}/oauth2/v2.0/token`

  const client: HonestClient = {
    name: options.name,
    token: undefined,
    accessToken: undefined,
    address: options.address,
    patience: 40_000,
    async ask({ act, path, form = {}, headers = {}, method = 'POST', oneTime, proves, body }) {
      const url = `${client.address}${path}`
      const end = history.begin({
        client: client.name,
        act,
        method,
        url,
        form: { ...form },
        headers: { ...headers },
        ...(oneTime === undefined ? {} : { oneTime }),
      })
      try {
        const response = await fetch(url, {
          method,
          headers: { ...headers },
          redirect: 'manual',
          signal: AbortSignal.timeout(client.patience),
          ...(method === 'POST' ? { body: body ?? new URLSearchParams(form) } : {}),
        })
        const text = await response.text()
        const answer = { status: response.status, text, body: parse(text), headers: Object.fromEntries(response.headers) }
        return end(answer, proves?.(answer))
      } catch {
        return end()
      }
    },
    async redeem(code) {
      const asked = await client.ask({
        act: 'redeem',
        path: tokenPath,
        form: {
          grant_type: 'authorization_code',
          code: code.code,
          redirect_uri: code.redirectUri,
          client_id: code.clientId,
          code_verifier: code.verifier,
        },
      })
      return keep(asked)
    },
    async refresh(token = client.token, extra = {}) {
      const form = { grant_type: 'refresh_token', refresh_token: token ?? '', client_id: clientId, ...extra }
      return keep(await client.ask({ act: 'refresh', path: tokenPath, form }))
    },
    async refreshUntilAnswered(tries = 10) {
      const token = client.token
      let asked = await client.refresh(token)
      for (let tried = 1; isLost(asked) && tried < tries; tried += 1) asked = await client.refresh(token)
      return asked
    },
    revoke: (token = client.token) =>
      client.ask({ act: 'revoke', path: `${realmPath}/oauth2/v2.0/revoke`, form: { token: token ?? '', client_id: clientId } }),
    programToken: ({ clientId: id, clientSecret = '' }) =>
      client.ask({
        act: 'program-token',
        path: tokenPath,
        form: { grant_type: 'client_credentials', scope: 'https://mail.contoso.com/.default' },
        headers: { authorization: `Basic ${Buffer.from(`${id}:${clientSecret}`).toString('base64')}` },
      }),
    userinfo: (accessToken) =>
      client.ask({
        act: 'userinfo',
        method: 'GET',
        path: `${realmPath}/oidc/userinfo`,
        headers: { authorization: `Bearer ${accessToken}` },
      }),
    introspect: (accessToken) =>
      client.ask({
        act: 'introspect',
        method: 'GET',
        path: `${realmPath}/oauth2/v2.0/introspect`,
        headers: { authorization: `Bearer ${accessToken}` },
      }),
  }

  function keep(asked: Asked): Asked {
    const given = asked.answer?.status === 200 ? asked.answer.body.refresh_token : undefined
    if (typeof given === 'string') {
      client.token = given
      client.accessToken = String(asked.answer?.body.access_token)
    }
    return asked
  }
  return client
}

function parse(text: string): Answer['body'] {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text) as Record<string, unknown> // what begins like that is an object
  } catch {
    return {}
  }
}
