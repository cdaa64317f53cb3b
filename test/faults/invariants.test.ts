/** Each invariant of the checker holds over an honest history, and is seen to break by one planted violation at least. */
import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { check } from './lab/checker.ts'
import { type Act, type Answer, type Asked, createHistory, type Deed, type History } from './lab/history.ts'
import type { Facts } from './lab/invariants/invariant.ts'
import { INVARIANTS } from './lab/invariants/invariants.ts'

const ISSUER = 'http://localhost:1/realm'
const SECOND = 1000
const START = Date.parse('2026-11-23T12:00:00Z')
/** Made for these tests alone: Node makes keys, but no certificates. */
const KEY =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmYiDTfyPRUgIv1dg+ZmEVP5saL3fGz89H3pfoVHpjwuhRANCAAQeUSFgL5V+iZ' +
  'zNaK5BshDhTaNcJa606u+qoB44Ya744fGWgoIL99h2TNm0IlGiYWWn6w5QfEEOrc3BXITwtZMA'
const CERTIFICATE =
  'MIIBbjCCARWgAwIBAgIUJEYm5eyg8eq4dAudHsRg3Lb3o+QwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjMyMTU2NDVaGA8yMT' +
  'I2MTAzMDIxNTY0NVowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB5RIWAvlX6JnM1orkGyEOFNo1wlrrTq76qgHjhh' +
  'rvjh8ZaCggv32HZM2bQiUaJhZafrDlB8QQ6tzcFchPC1kwCjUzBRMB0GA1UdDgQWBBTQW1UfXy8KyxYI9SlP/4wPEArfKzAfBgNVHSMEGDAWgB' +
  'TQW1UfXy8KyxYI9SlP/4wPEArfKzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFNq0E6xwO7+AwzUPLgab6i/mBJp8K4oII7k' +
  '2ouE2T1GAiBfrmJMtlRCT9gDezhSENsmxaQfpSvs2/8q4iWNJazVXQ=='
const privateKey = createPrivateKey({ key: Buffer.from(KEY, 'base64'), format: 'der', type: 'pkcs8' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ANN = 'ann-id'
const APP = 'app-id'

const jwt = (claims: Record<string, unknown>, key = privateKey): string => {
  const text = [
    { alg: 'ES256', kid: 'key-1' },
    { iss: ISSUER, iat: START / 1000, exp: START / 1000 + 3600, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
/** Handles are long and random, like those of the service. */
const handle = (name: string): string => createHash('sha256').update(name).digest('base64url')
/** Each made once: a signature of this kind is another one every time. */
const made = new Map<string, string>()
const refreshToken = (name: string, more: Record<string, unknown> = {}): string => {
  const claims = { jti: handle(name), fam: 'family-1', sub: ANN, client_id: APP, ...more }
  const known = made.get(JSON.stringify(claims)) ?? jwt(claims)
  made.set(JSON.stringify(claims), known)
  return known
}
const answered = (body: Record<string, unknown>, status = 200): Answer => ({
  status,
  body,
  text: JSON.stringify(body),
  headers: {},
})
const tokens = (name: string, more: Record<string, unknown> = {}, access: Record<string, unknown> = {}): Answer =>
  answered({
    access_token: jwt({
      jti: `access-${name}`,
      sub: ANN,
      client_id: APP,
      upn: 'ann@contoso.com',
      aud: 'https://mail/',
      scp: 'Mail.Read',
      acr: 'aal1',
      ...access,
    }),
    refresh_token: refreshToken(name),
    ...more,
  })
const refused = answered({ error: 'invalid_grant' }, 400)

interface Plot {
  readonly asked: Asked[]
  readonly deeds: Deed[]
  readonly facts: Mutable<Facts>
  readonly secrets: { what: string; value: string }[]
  letters: string[] | undefined
  ask(act: Act, form: Record<string, string>, answer?: Answer, more?: Partial<Asked>): void
  deed(deed: Deed['deed'], subject: string): void
}
type Mutable<T> = { -readonly [Name in keyof T]: T[Name] extends readonly (infer One)[] ? One[] : T[Name] }

/** A code was redeemed and its token rotated twice; everything is as it must be. */
function honest(): Plot {
  let number = 0
  const next = () => {
    number += 1
    return number
  }
  const at = () => new Date(START + number * SECOND)
  const plot: Plot = {
    asked: [],
    deeds: [],
    secrets: [],
    letters: undefined,
    facts: {
      realmId: 'realm',
      issuer: ISSUER,
      logs: '',
      now: new Date(START + 60 * SECOND),
      tokens: ['one', 'two', 'three'].map((name, index, all) => ({
        hash: name,
        family: 'family-1',
        predecessor: all[index - 1],
        issuedAt: new Date(START),
        expiresAt: new Date(START + 3600 * SECOND),
        usedAt: index === 2 ? undefined : new Date(START),
      })),
      families: [
        {
          id: 'family-1',
          accountId: ANN,
          clientId: APP,
          startedAt: new Date(START),
          endsAt: new Date(START + 7200 * SECOND),
          revokedAt: undefined,
        },
      ],
      audit: [
        ...['one', 'two', 'three'].map((name) => audited('token.issued', { jti: `access-${name}` })),
        audited('authorization.granted', { familyId: 'family-1', scope: 'openid https://mail/Mail.Read' }),
      ],
      artifacts: [],
      keys: [
        {
          kid: 'key-1',
          certificate: CERTIFICATE,
          announcedAt: new Date(START - 60 * SECOND),
          signsFrom: new Date(START - 60 * SECOND),
          retiresAt: undefined,
          removedAt: undefined,
        },
      ],
      counters: [],
      accounts: [{ id: ANN, upn: 'ann@contoso.com', status: 'active' }],
      clients: [{ id: APP, status: 'active' }],
      authenticators: [],
      addresses: [],
      outbox: [],
      mailApps: [],
      revocations: [],
      dump: [{ table: 'account', text: '(realm,ann-id,ann@contoso.com)' }],
    },
    ask(act, form, answer, more = {}) {
      const begun = next()
      const end = answer === undefined ? {} : { ended: next(), endedAt: at(), answer }
      plot.asked.push({
        client: 'app',
        act,
        method: 'POST',
        url: `${ISSUER}/token`,
        form,
        headers: {},
        begun,
        begunAt: at(),
        ...end,
        ...more,
      })
    },
    deed: (deed, subject) => void plot.deeds.push({ deed, subject, begun: next(), ended: next(), endedAt: at() }),
  }
  plot.ask('redeem', { code: handle('code'), client_id: APP }, tokens('one'))
  plot.ask('refresh', { refresh_token: refreshToken('one'), client_id: APP }, tokens('two'))
  plot.ask('refresh', { refresh_token: refreshToken('two'), client_id: APP }, tokens('three'))
  return plot
}

const audited = (event: string, detail: Record<string, unknown>, accountId: string = ANN) => ({
  ...{ id: randomUUID(), at: new Date(START), event, outcome: 'allowed', accountId, clientId: APP, detail },
})
const showing = (name: string) => ({ refresh_token: refreshToken(name), client_id: APP })

/** What breaks each of them. */
const PLANTED: Readonly<Record<string, readonly ((plot: Plot) => void)[]>> = {
  I1: [(plot) => plot.ask('redeem', { code: handle('code'), client_id: APP }, tokens('other'))],
  I2: [
    (plot) => plot.ask('refresh', showing('one'), tokens('fork')),
    ({ facts }) => facts.tokens.push({ ...one(facts.tokens), hash: 'four', predecessor: 'one' }),
    ({ facts }) => facts.tokens.splice(0, 1, { ...one(facts.tokens), usedAt: undefined }),
  ],
  I3: [(plot) => plot.ask('refresh', showing('three'), refused)],
  I4: [
    (plot) => {
      plot.ask('refresh', showing('three'))
      plot.ask('refresh', showing('three'), refused)
    },
  ],
  I5: [
    (plot) => plot.ask('refresh', showing('one'), tokens('two')),
    (plot) => {
      plot.ask('refresh', showing('one'), refused)
      plot.ask('refresh', showing('three'), tokens('four'))
    },
    (plot) => plot.ask('refresh', showing('one'), refused),
  ],
  I6: [
    (plot) => {
      plot.ask('revoke', { token: refreshToken('three') }, answered({}))
      plot.ask('refresh', showing('three'), tokens('four'))
    },
    (plot) => {
      plot.deed('family-revoked', 'family-1')
      plot.ask('refresh', showing('three'), tokens('four'))
    },
    (plot) => {
      plot.deed('family-revoked', 'family-1')
      const authorization = `Bearer ${jwt({ jti: 'access-three', grant_id: 'family-1' })}`
      plot.ask('introspect', {}, answered({ active: true }), { headers: { authorization } })
    },
  ],
  I7: [({ facts }) => facts.audit.shift(), ({ facts }) => facts.audit.push(audited('token.issued', { jti: 'nobody had it' }))],
  I8: [({ facts }) => facts.audit.push(audited('token.issued', {})), (plot) => plot.ask('redeem', { code: 'x' }, refused)],
  I9: [
    (plot) => {
      for (const name of ['a', 'b']) plot.ask('device-token', { device_code: 'device' }, tokens(name))
    },
    (plot) => {
      for (let time = 0; time < 2; time += 1) plot.ask('factor', {}, answered({}), { oneTime: 'totp:ann:1', proved: true })
    },
  ],
  I10: [({ facts }) => facts.audit.push(audited('signin.failed', { method: 'totp' }))],
  I11: [
    (plot) => {
      plot.deed('account-disabled', ANN)
      plot.ask('refresh', showing('three'), tokens('four'))
    },
    (plot) => {
      plot.deed('client-disabled', APP)
      plot.ask('refresh', showing('three'), tokens('four'))
    },
    (plot) => {
      plot.deed('key-withdrawn', 'key-1')
      plot.ask('refresh', showing('three'), tokens('four'))
    },
  ],
  I12: [
    ({ facts }) => facts.keys.pop(),
    ({ facts }) => facts.keys.splice(0, 1, { ...one(facts.keys), announcedAt: new Date(START + 60 * SECOND) }),
    ({ facts }) => facts.keys.splice(0, 1, { ...one(facts.keys), removedAt: new Date(START + 60 * SECOND) }),
    (plot) => plot.ask('refresh', showing('three'), tokens('four', { refresh_token: jwt({ jti: 'four' }, stranger) })),
  ],
  I13: [
    ({ facts }) => facts.accounts.push({ id: 'other', upn: 'ann@contoso.com', status: 'active' }),
    ({ facts }) => {
      for (const id of ['1', '2'])
        facts.authenticators.push({ id, accountId: id, method: 'webauthn', state: 'active', credentialId: 'same' })
    },
    ({ facts }) => {
      for (const accountId of ['1', '2']) facts.addresses.push({ key: 'a@b', accountId })
    },
    (plot) => plot.ask('refresh', showing('three'), tokens('four', {}, { upn: 'joe@contoso.com' })),
  ],
  I14: [
    (plot) => plot.ask('refresh', showing('three'), tokens('four', {}, { scp: 'Mail.Write' })),
    (plot) => plot.ask('refresh', showing('three'), tokens('four', {}, { acr: 'aal2' })),
  ],
  I15: [
    ({ facts }) => facts.families.pop(),
    ({ facts }) => facts.accounts.pop(),
    ({ facts }) =>
      facts.artifacts.push({
        kind: 'Session',
        hash: '1',
        grantId: undefined,
        accountId: 'gone',
        clientId: undefined,
        consumedAt: undefined,
        expiresAt: new Date(START + 3600 * SECOND),
      }),
  ],
  I16: [
    (plot) => {
      plot.letters = []
      plot.facts.audit.push(audited('recovery_code.used', {}))
    },
    ({ facts }) => facts.mailApps.push({ id: 'app', toldBy: undefined, firstTriedAt: new Date(START - 3600 * SECOND) }),
  ],
  I17: [
    (plot) =>
      plot.ask('refresh', { refresh_token: refreshToken('old', { exp: START / 1000 - 60 }), client_id: APP }, tokens('four')),
    (plot) => plot.ask('userinfo', {}, answered({}), { headers: { authorization: `Bearer ${jwt({ exp: START / 1000 - 60 })}` } }),
    ({ facts }) => facts.tokens.splice(0, 1, { ...one(facts.tokens), expiresAt: new Date(START + 9000 * SECOND) }),
  ],
  I18: [
    ({ facts }) => facts.dump.push({ table: 'oidc_artifact', text: `(${handle('code')})` }),
    ({ facts }) =>
      facts.dump.push({ table: 'oidc_artifact', text: `(\\x${Buffer.from(`{"jti":"${handle('three')}"}`).toString('hex')})` }),
    (plot) => {
      plot.facts.logs = refreshToken('three')
      plot.ask('refresh', showing('three'))
    },
    (plot) => {
      plot.secrets.push({ what: 'a password', value: 'correct horse' })
      plot.facts.logs = 'typed: correct horse'
    },
  ],
  I19: [
    (plot) => plot.ask('metadata', {}, answered({ issuer: ISSUER, token_endpoint: 'https://evil.example/token' })),
    (plot) => plot.ask('refresh', showing('three'), tokens('four', {}, { iss: 'https://evil.example' })),
    (plot) => plot.ask('refresh', showing('three'), tokens('four', { id_token: jwt({ aud: 'another' }) })),
  ],
  I20: [
    (plot) => {
      plot.deed('key-announced', 'key-9')
      for (let time = 0; time < 12; time += 1) plot.ask('other', {}, answered({}))
      plot.ask('metadata', {}, answered({ keys: [{ kid: 'key-1' }] }))
    },
    (plot) => {
      plot.deed('key-withdrawn', 'key-1')
      for (let time = 0; time < 12; time += 1) plot.ask('other', {}, answered({}))
      plot.ask('metadata', {}, answered({ keys: [{ kid: 'key-1' }] }))
    },
  ],
}

const one = <T>(list: readonly T[]): T => {
  const [first] = list
  if (first === undefined) throw new TypeError('the list is empty')
  return first
}
const historyOf = ({ asked, deeds, secrets, letters }: Plot): History => ({
  asked,
  deeds,
  secrets,
  letters,
  unrecordedAnswers: 0,
})
const brokenBy = (plot: Plot): readonly string[] =>
  check(plot.facts, historyOf(plot)).violations.map(({ invariant }) => invariant)

it('an honest history breaks nothing', () => {
  const { violations, looked } = check(honest().facts, historyOf(honest()))
  expect(violations).toEqual([])
  expect(looked.I2).toBeGreaterThan(0)
})

it.each(INVARIANTS.map(({ id, claim }) => ({ id, claim })))('$id is seen to break: $claim', ({ id }) => {
  const planted = PLANTED[id] ?? []
  expect(planted.length).toBeGreaterThan(0)
  for (const plant of planted) {
    const plot = honest()
    plant(plot)
    expect(brokenBy(plot), plant.toString()).toContain(id)
  }
})

it('a retry that is answered alike, and an old token that ends its family, break nothing', () => {
  const plot = honest()
  plot.ask('refresh', showing('three'))
  plot.ask('refresh', showing('three'), tokens('four'))
  plot.facts.audit.push(
    audited('token.issued', { jti: 'access-four' }),
    audited('token.refused', {}),
    audited('token.refused', {}),
  )
  plot.ask('refresh', showing('one'), refused)
  plot.ask('refresh', showing('four'), refused)
  plot.facts.families.splice(0, 1, { ...one(plot.facts.families), revokedAt: new Date(START) })
  expect(brokenBy(plot)).toEqual([])
})

it('a request without an answer stays in the history as one', () => {
  const history = createHistory(() => new Date(START))
  const end = history.begin({ client: 'app', act: 'other', method: 'GET', url: ISSUER, form: {}, headers: {} })
  expect(history.asked[0]?.answer).toBeUndefined()
  expect(end(answered({})).ended).toBe(2)
})
