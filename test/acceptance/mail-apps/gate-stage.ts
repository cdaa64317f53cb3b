/**
 * gate-stage is one running service with a mail server that asks the gate, and people whose mail it keeps.
 *
 * It owns how a test asks; each story says what the answers must be. Networks are those of documentation (RFC 5737).
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Account, AccountId, ClientId, MailApp, MailServer } from '@postern/storage'
import type { TestClient, TestPerson } from '@postern/sts/testing'
import { somebody, startQuietWorld } from '../portal/portal-visit.ts'
import { basic, type World } from '../support/world.ts'

export const everyProtocol = ['activesync', 'autodiscover', 'ews', 'imap', 'pop', 'smtp', 'sieve', 'jmap', 'mapi', 'rpc']
export const thunderbird = { imapId: { name: 'Thunderbird', version: '140.1' } }
export const phone = { deviceId: 'APPL123ABC', deviceType: 'iPhone', userAgent: 'Apple-iPhone15C4/2401.539000006' }

export interface Answer {
  readonly decision: string
  readonly reason: string
  readonly text: string
  readonly reference: string
  readonly portal: string
  readonly account?: { id: string; upn: string; mailbox: string }
  readonly app?: { id: string; label: string; state: string }
  readonly refusal?: {
    http: { status: number; headers: Record<string, string> }
    imap: string
    pop: string
    smtp: string
    sieve: string
  }
  readonly because: readonly { kind: string; rule: string; mode: string; result: string; text: string }[]
}

export interface Gate {
  readonly world: World
  /** The mail server's own credentials. */
  readonly asServer: Record<string, string>
  /** Asks and expects an answer. */
  ask(question: Readonly<Record<string, unknown>>): Promise<Answer>
  /** Whatever the answer. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  nginx(which: 'mail' | 'http', headers: Record<string, string>): Promise<Response>
  /** Somebody whom no other test knows. */
  person(change?: Partial<Account>): Promise<TestPerson>
  tiles(person: TestPerson): Promise<readonly MailApp[]>
  decide(app: { id: string } | undefined, state: MailApp['state']): Promise<void>
  putServer(change?: Partial<Omit<MailServer, 'toldUntil'>>, client?: TestClient): Promise<void>
  /** A realm-wide or an assigned authentication policy. Returns its id. */
  putPolicy(definition: Record<string, unknown>, of?: { mode?: 'on' | 'report-only'; accountId?: AccountId }): Promise<string>
  /** Makes an app password and returns it as it is shown. */
  appPassword(person: TestPerson, change?: Readonly<Record<string, unknown>>): Promise<string>
  /** Events of the trail about a person, oldest first. Owners are told while other things happen: what is told of that is left out. */
  trail(person: TestPerson): Promise<readonly { event: string; detail: Readonly<Record<string, unknown>> }[]>
}

export async function startGate(): Promise<Gate> {
  const world = await startQuietWorld()
  const { kept, clients } = world.sts
  const asServer = basic(clients.server)

  const post: Gate['post'] = (path, body, headers = asServer) =>
    fetch(`${world.issuer}/mailgate/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const putServer: Gate['putServer'] = async (change = {}, client = clients.server) => {
    const put = await kept.mailServers.put({
      clientId: client.clientId as ClientId, // a brand has no runtime part
      protocols: everyProtocol,
      upstreams: { imap: '127.0.0.1:1143', pop: '[::1]:1110', smtp: '127.0.0.1:1587' },
      createdAt: new Date(),
      ...change,
    })
    if (put !== 'put') throw new TypeError(put)
  }
  await putServer()

  return {
    world,
    asServer,
    post,
    putServer,
    async ask(question) {
      // The clock of the service stands still: rows of two questions would have no order.
      world.pass(0.001)
      const answer = await post('decide', { protocol: 'imap', source: '203.0.113.7', tls: true, ...question })
      if (answer.status !== 200) throw new TypeError(`${answer.status} ${await answer.text()}`)
      return (await answer.json()) as Answer
    },
    nginx: (which, headers) => fetch(`${world.issuer}/mailgate/nginx/${which}`, { headers: { ...asServer, ...headers } }),
    async person(change) {
      const one = await somebody(world)
      if (change !== undefined) await world.changeAccount(one, change)
      return one
    },
    tiles: ({ account }) => kept.mailApps.list(account.id),
    async decide(app, state) {
      const from = ['pending', 'quarantined', 'active', 'blocked'] as const
      if (app === undefined || !(await kept.mailApps.decide(app.id, { state, from, at: new Date(), by: 'owner' })))
        throw new TypeError('there is no such tile')
    },
    async putPolicy(definition, { mode = 'on', accountId } = {}) {
      const id = randomUUID()
      const now = new Date()
      await kept.authenticationPolicies.put({ id, name: `policy ${id}`, mode, definition, createdAt: now, updatedAt: now })
      if (accountId !== undefined) await kept.authenticationPolicies.assign(accountId, id)
      return id
    },
    async appPassword({ account }, change = {}) {
      const made = await world.sts.service.appPasswords.create(kept, {
        ...{ accountId: account.id, label: 'Old phone', protocols: ['imap', 'activesync', 'smtp'], networks: [] },
        ...{ bindsToFirstApp: false, createdBy: 'owner', ...change },
      })
      if (made.outcome !== 'created') throw new TypeError(made.outcome)
      return made.secret
    },
    async trail({ account }) {
      const rows = await kept.audit.list({ limit: 500, accountId: account.id })
      const sorted = rows.toSorted((one, other) => one.at.getTime() - other.at.getTime())
      return sorted.filter(({ event }) => event !== 'mailapp.told').map(({ event, detail }) => ({ event, detail }))
    },
  }
}

/** Decision and reason, as one line to compare. */
export const verdictOf = ({ decision, reason }: Answer): string => `${decision} ${reason}`
