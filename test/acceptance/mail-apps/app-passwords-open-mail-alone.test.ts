/** An app password opens mail through the gate, and nothing else: no page, no grant of the token endpoint, no factor, no client. */
import type { AccountId, RealmStore } from '@postern/storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken } from '../../support/person-browser.ts'
import { formTo, send, somebody, visitPortal } from '../portal/portal-visit.ts'
import { asksFor, createBrowser, type Page } from '../support/browser.ts'
import {
  authorization,
  basic,
  MAIL,
  mailTokens,
  programToken,
  signedIn,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts'

let world: World
let person: Awaited<ReturnType<typeof somebody>>
/** As it was shown, and as it is kept in mind. */
let spellings: readonly string[]

beforeAll(async () => {
  world = await startWorld()
  person = await somebody(world)
  const shown = await createFor(person.account.id)
  spellings = [shown, shown.replaceAll('-', '')]
})
afterAll(() => world.close())

async function createFor(accountId: AccountId): Promise<string> {
  const { kept, service } = world.sts
  const made = await service.appPasswords.create(kept, {
    ...{ accountId, label: 'Old phone', protocols: ['imap', 'activesync'], networks: [], bindsToFirstApp: false },
    createdBy: 'owner',
  })
  if (made.outcome !== 'created') throw new TypeError(`no app password but ${made.outcome}`)
  return made.secret
}

/** Whether it opens mail. Without this, every other test here could be one about a wrong secret. */
async function opensMail(kept: RealmStore = world.sts.kept): Promise<string> {
  const { appPasswords } = world.sts.service
  const secret = spellings[1] ?? ''
  const lookup = appPasswords.lookupOf(kept.realmId, secret)
  const view = await kept.mailApps.look({ name: person.upn, identity: 'device:phone', lookup })
  if (view?.appPassword === undefined) return 'not found'
  return (await appPasswords.verify(kept, { password: view.appPassword, secret, protocol: 'imap' })).outcome
}

async function typed(password: string, name = person.upn): Promise<Page> {
  const browser = createBrowser()
  return browser.submit(await browser.open(authorization(world, { change: { login_hint: name } }).url), { password })
}

/** Answers of the token endpoint to whatever is asked with the secret in some place. */
async function asked(form: Readonly<Record<string, string>>, headers?: Record<string, string>): Promise<string> {
  const answer = await askToken(world.token, form, headers)
  for (const token of ['access_token', 'refresh_token', 'id_token']) expect(answer.body).not.toHaveProperty(token)
  return verdict(answer)
}

describe('an app password', () => {
  it('opens mail', async () => {
    expect(await opensMail()).toBe('right')
  })

  it('is a wrong password on the sign-in page', async () => {
    for (const secret of spellings) {
      const page = await typed(secret)
      expect(page.status).toBe(422)
      expect(asksFor(page, 'code')).toBe(false)
    }
    expect(await opensMail()).toBe('right')
  })

  it('is no second factor', async () => {
    const browser = createBrowser()
    const page = await browser.open(authorization(world, { change: { login_hint: person.upn } }).url)
    const asks = await browser.submit(page, { password: person.password })
    expect(asksFor(asks, 'code')).toBe(true)
    for (const secret of spellings) {
      const after = await browser.submit(asks, { code: secret })
      expect(after.status).toBe(422)
      expect(after.left).toBeUndefined()
    }
  })

  it('is not the present password that the portal asks for', async () => {
    for (const current of spellings) {
      const visit = await visitPortal(world, person, '/password')
      const page = await send(visit, '/portal/password', { current, next: 'plough-lantern-seven-otters' })
      expect(page.status).toBe(422)
      expect(formTo(page, '/portal/password')).toBeDefined()
    }
  })

  it.each<[string, (secret: string) => Readonly<Record<string, string>>]>([
    ['password', (password) => ({ grant_type: 'password', username: person.upn, password, scope: `openid ${MAIL}Mail.Read` })],
    [
      'authorization_code',
      (code) => ({ grant_type: 'authorization_code', code, redirect_uri: world.sts.clients.mail.redirectUri }),
    ],
    ['refresh_token', (secret) => ({ grant_type: 'refresh_token', refresh_token: secret })],
    ['device_code', (secret) => ({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: secret })],
    [
      'jwt-bearer',
      (secret) => ({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: secret, resource: MAIL }),
    ],
    [
      'on behalf of somebody',
      (secret) => ({
        ...{ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', requested_token_use: 'on_behalf_of' },
        ...{ assertion: secret, scope: `${MAIL}Mail.Read` },
      }),
    ],
    [
      'token-exchange',
      (secret) => ({
        ...{ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', resource: MAIL, subject_token: secret },
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
    ],
    ['client_credentials', () => ({ grant_type: 'client_credentials', resource: MAIL, scope: 'Mail.Read' })],
  ])('gets no token by the grant %s, for whichever client', async (_grant, form) => {
    const { mail, confidential, server } = world.sts.clients
    for (const secret of spellings) {
      expect(await asked({ ...form(secret), client_id: mail.clientId })).toMatch(/^40[01] /)
      // With its own secret a program gets a token of its own, of nobody.
      const clients = form(secret).grant_type === 'client_credentials' ? [] : [confidential, server]
      for (const client of clients) expect(await asked(form(secret), basic(client))).toMatch(/^40[01] /)
      // In the place of a client's secret, and of the whole client.
      for (const client of [confidential, server]) {
        const inPlace = basic({ ...client, clientSecret: secret })
        expect(await asked(form(secret), inPlace)).toBe('401 invalid_client')
      }
      expect(await asked(form(secret), basic({ ...server, clientId: person.upn, clientSecret: secret }))).toBe(
        '401 invalid_client',
      )
    }
    expect(await opensMail()).toBe('right')
  })

  it('is no token: neither userinfo nor introspection knows it', async () => {
    for (const secret of spellings) {
      const userinfo = await fetch(`${world.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${secret}` } })
      expect(userinfo.status).toBe(401)
      const answer = await askToken(
        `${world.issuer}/oauth2/v2.0/introspect`,
        { token: secret },
        basic(world.sts.clients.confidential),
      )
      expect(answer.body).toEqual({ active: false })
    }
  })

  it('of one account opens nothing of another one', async () => {
    const other = await somebody(world)
    const { kept, service } = world.sts
    const lookup = service.appPasswords.lookupOf(kept.realmId, spellings[1] ?? '')
    const view = await kept.mailApps.look({ name: other.upn, identity: 'device:phone', lookup })
    expect(view?.account.id).toBe(other.account.id)
    expect(view?.appPassword).toBeUndefined()
  })
})

it('the same places let in what belongs there', async () => {
  const browser = await signedIn(world, person)
  expect((await mailTokens(world, browser)).status).toBe(200)
  expect((await programToken(world)).status).toBe(200)
  expect(asksFor(await typed(person.password), 'code')).toBe(true)
})
