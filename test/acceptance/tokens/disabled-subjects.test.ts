/** Nobody who was disabled or blocked gets a token, by any way (R33, R43, R76; I11). */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askToken, redeem, refresh, type TokenAnswer } from '../../support/person-browser.ts'
import { type Browser, createBrowser } from '../support/browser.ts'
import { approve, startDevice, typeCode } from '../support/device.ts'
import {
  authorization,
  basic,
  codeOf,
  MAIL,
  mailTokens,
  programToken,
  signedIn,
  startWorld,
  verdict,
  type World,
  walk,
} from '../support/world.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  browser = await signedIn(world)
})
afterAll(() => world.close())

const POLICY = randomUUID()
const putPolicy = (definition: Record<string, unknown>, mode: 'on' | 'report-only' = 'on') =>
  world.sts.kept.policies.put({
    id: POLICY,
    name: 'The test’s own',
    mode,
    definition,
    createdAt: new Date(),
    updatedAt: new Date(),
  })

/** What each grant answers once `then` has happened between what was given and its use. */
async function answersAfter(then: () => Promise<void>): Promise<Record<string, TokenAnswer>> {
  const code = await codeOf(browser, authorization(world))
  const tokens = await mailTokens(world, browser)
  const device = await startDevice(world)
  await approve(world, browser, device.userCode)
  await then()
  return {
    code: await redeem(world.token, code),
    refresh: await refresh(world.token, world.sts.clients.mail.clientId, tokens.refresh),
    device: await device.poll(),
  }
}

const refusals = (answers: Record<string, TokenAnswer>) =>
  Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, verdict(answer)]))
const GRANT_ENDED = { code: '400 invalid_grant', refresh: '400 invalid_grant', device: '400 invalid_grant' }

describe('a disabled account', () => {
  afterEach(() => world.changeAccount(world.sts.mary, { status: 'active' }))

  it('gets nothing for a code, a refresh token or a device code that it has', async () => {
    const answers = await answersAfter(() => world.changeAccount(world.sts.mary, { status: 'disabled' }))
    expect(refusals(answers)).toEqual(GRANT_ENDED)
  })

  it('does not come in with its session', async () => {
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    const page = await browser.open(authorization(world).url)
    expect(page.left).toBeUndefined()
    const silent = await browser.open(authorization(world, { change: { prompt: 'none' } }).url)
    expect(silent.left?.searchParams.get('code') ?? null).toBeNull()
  })

  it('does not come in with its password', async () => {
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    const fresh = createBrowser()
    await expect(walk(world, fresh, await fresh.open(authorization(world).url))).rejects.toThrow(/422/)
  })

  it('gets no further in the middle of signing in', async () => {
    world.pass(30)
    const fresh = createBrowser()
    let page = await fresh.submit(await fresh.open(authorization(world, { change: { login_hint: 'mary@contoso.com' } }).url), {
      password: world.sts.mary.password,
    })
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    page = await fresh.submit(page, { code: await world.totp() })
    expect(page.left?.searchParams.get('code') ?? null).toBeNull()
  })

  it('approves no device', async () => {
    const device = await startDevice(world)
    const confirm = await typeCode(world, browser, device.userCode)
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    await browser.submit(confirm, { confirm: 'yes' })
    expect(verdict(await device.poll())).not.toBe('200 ok')
  })

  it('is told nothing at userinfo', async () => {
    const answer = await redeem(world.token, await codeOf(browser, authorization(world, { change: { scope: 'openid email' } })))
    const ask = () => fetch(`${world.issuer}/oidc/userinfo`, { headers: { authorization: `Bearer ${answer.body.access_token}` } })
    expect((await ask()).status).toBe(200)
    await world.changeAccount(world.sts.mary, { status: 'disabled' })
    expect((await ask()).status).toBe(401)
  })

  it('leaves a row that says why', async () => {
    await answersAfter(() => world.changeAccount(world.sts.mary, { status: 'disabled' }))
    const rows = await world.sts.kept.audit.list({ limit: 20, event: 'token.refused' })
    expect(rows.slice(0, 3).map((row) => row.detail.reason)).toEqual(['account_disabled', 'account_disabled', 'account_disabled'])
  })
})

it('an account that was removed gets nothing either', async () => {
  const { joe, kept } = { joe: world.sts.joe, kept: world.sts.kept }
  const { mary } = world.sts
  const answers = await answersAfter(async () => void (await kept.accounts.remove(mary.account.id)))
  expect(Object.values(answers).filter((answer) => answer.status === 200)).toEqual([])
  await world.close()
  world = await startWorld()
  expect(joe.upn).toBe('joe@contoso.com')
})

describe('a disabled client', () => {
  afterEach(async () => {
    for (const client of [world.sts.clients.mail, world.sts.clients.confidential])
      await world.changeClient(client, { status: 'active' })
  })

  it('gets nothing for what it has', async () => {
    const answers = await answersAfter(() => world.changeClient(world.sts.clients.mail, { status: 'disabled' }))
    expect(refusals(answers)).toEqual({ code: '401 invalid_client', refresh: '401 invalid_client', device: '401 invalid_client' })
  })

  it('gets nothing as a program', async () => {
    expect(verdict(await programToken(world))).toBe('200 ok')
    await world.changeClient(world.sts.clients.confidential, { status: 'disabled' })
    expect(verdict(await programToken(world))).toBe('401 invalid_client')
  })

  it('begins nothing', async () => {
    await world.changeClient(world.sts.clients.mail, { status: 'disabled' })
    const page = await browser.open(authorization(world).url)
    expect([page.status, page.left?.href]).toEqual([400, undefined])
    const device = await askToken(`${world.issuer}/oauth2/v2.0/devicecode`, {
      client_id: world.sts.clients.mail.clientId,
      scope: 'openid',
    })
    expect(verdict(device)).toBe('401 invalid_client')
  })

  it('is not served by a device that its person confirms', async () => {
    const device = await startDevice(world)
    const confirm = await typeCode(world, browser, device.userCode)
    await world.changeClient(world.sts.clients.mail, { status: 'disabled' })
    const page = await browser.submit(confirm, { confirm: 'yes' })
    expect(page.status).toBeLessThan(500)
    expect(verdict(await device.poll())).not.toBe('200 ok')
  })

  it('whose secret was taken away is refused at once', async () => {
    const { kept, clients } = world.sts
    const [secret] = await kept.clients.credentials(clients.confidential.clientId as never)
    if (!secret) throw new TypeError('no secret')
    await kept.clients.removeCredential(secret.clientId, secret.id)
    expect(verdict(await programToken(world))).toBe('401 invalid_client')
    await kept.clients.addCredential(secret)
    expect(verdict(await programToken(world))).toBe('200 ok')
  })
})

describe('a policy that blocks', () => {
  afterEach(async () => void (await world.sts.kept.policies.remove(POLICY)))

  it.each([
    ['everybody', () => ({ access: 'block' })],
    ['this account', () => ({ access: 'block', when: { account: [world.sts.mary.upn] } })],
    ['this client', () => ({ access: 'block', when: { client: [world.sts.clients.mail.clientId] } })],
    ['this network', () => ({ access: 'block', when: { network: ['127.0.0.0/8', '::1/128'] } })],
    ['this resource', () => ({ access: 'block', when: { resource: [MAIL] } })],
    ['who asks for more than is there', () => ({ require: ['phishing-resistant'] })],
  ] as const)('%s ends what was begun before it', async (_name, definition) => {
    const answers = await answersAfter(() => putPolicy(definition()))
    expect(refusals(answers)).toEqual(GRANT_ENDED)
  })

  it('one way in ends what came in that way, and nothing else', async () => {
    const block = (flow: string) => answersAfter(() => putPolicy({ access: 'block', when: { flow: [flow] } }))
    expect(refusals(await block('device'))).toEqual({ code: '200 ok', refresh: '200 ok', device: '400 invalid_grant' })
    await world.sts.kept.policies.remove(POLICY)
    browser = await signedIn(world)
    expect(refusals(await block('refresh'))).toEqual({ code: '200 ok', refresh: '400 invalid_grant', device: '200 ok' })
  })

  it('lets nobody in who has a session', async () => {
    await putPolicy({ access: 'block', when: { account: [world.sts.mary.upn] } })
    const page = await browser.open(authorization(world).url)
    expect([page.left?.href, page.status]).toEqual([undefined, 403])
  })

  it('but only reports ends nothing', async () => {
    const answers = await answersAfter(() => putPolicy({ access: 'block' }, 'report-only'))
    expect(refusals(answers)).toEqual({ code: '200 ok', refresh: '200 ok', device: '200 ok' })
  })

  it('somebody else ends nothing', async () => {
    const answers = await answersAfter(() => putPolicy({ access: 'block', when: { account: [world.sts.joe.upn] } }))
    expect(refusals(answers)).toEqual({ code: '200 ok', refresh: '200 ok', device: '200 ok' })
  })
})

it('a realm that was switched off answers nobody', async () => {
  const answers = await answersAfter(
    async () => void (await world.sts.store.realms.change(world.sts.realm.id, { status: 'disabled' })),
  )
  expect(Object.values(answers).map((answer) => answer.status)).toEqual([404, 404, 404])
  expect((await programToken(world, world.sts.clients.confidential)).status).toBe(404)
  expect((await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token: 'x' }, basic(world.sts.clients.server))).status).toBe(
    404,
  )
  await world.sts.store.realms.change(world.sts.realm.id, { status: 'active' })
})
