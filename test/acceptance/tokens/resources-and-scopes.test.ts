/** How a client may call a resource and its scopes (RFC 8707; F 3.1), and that nothing else is given (R31, R32). */
import { randomUUID } from 'node:crypto'
import type { ResourceId } from '@postern/storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, redeem } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import {
  answerOf,
  authorization,
  basic,
  claimsOf,
  codeOf,
  MAIL,
  signedIn,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts'

const CALENDAR = 'https://calendar.contoso.com'
let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  const calendar = randomUUID() as string as ResourceId // a brand has no runtime part
  const { kept, clients, resource } = world.sts
  const now = new Date()
  await kept.resources.add({
    ...resource,
    id: calendar,
    displayName: 'Calendar',
    audience: CALENDAR,
    names: [CALENDAR, 'urn:contoso:calendar'],
    principalId: randomUUID(),
    scopes: ['Mail.Read', 'Calendar.Read'],
    createdAt: now,
    updatedAt: now,
  })
  await kept.resources.add({
    ...resource,
    id: randomUUID() as string as ResourceId,
    displayName: 'Payroll',
    audience: 'https://payroll.contoso.com/',
    names: ['https://payroll.contoso.com/'],
    principalId: randomUUID(),
    scopes: ['Salary.Read'],
    createdAt: now,
    updatedAt: now,
  })
  for (const client of [clients.mail, clients.confidential])
    await world.changeClient(client, {
      access: [
        { resourceId: resource.id, scopes: ['EAS.AccessAsUser.All', 'IMAP.AccessAsUser.All', 'Mail.Read'] },
        { resourceId: calendar, scopes: ['Mail.Read', 'Calendar.Read'] },
      ],
    })
  browser = await signedIn(world)
})
afterAll(() => world.close())

const ask = async (scope: string | undefined, resource?: string) => {
  const answer = await redeem(world.token, await codeOf(browser, authorization(world, { change: { scope, resource } })))
  expect(verdict(answer), answer.text).toBe('200 ok')
  const { aud, scope: given, scp } = claimsOf(answer.body.access_token)
  expect(scp).toBe(given)
  return { aud, scope: given }
}
const refusal = async (scope: string | undefined, resource?: string) => {
  const answer = await answerOf(browser, authorization(world, { change: { scope, resource } }))
  expect(answer.get('code')).toBeNull()
  return answer.get('error')
}

describe('a scope is understood', () => {
  it.each([
    ['by its short name', 'EAS.AccessAsUser.All', undefined],
    ['behind the name of its resource', 'https://mail.contoso.com/EAS.AccessAsUser.All', undefined],
    ['behind a double slash, as AD FS asks for it', 'openid https://mail.contoso.com//EAS.AccessAsUser.All', undefined],
    ['by its short name with the resource', 'EAS.AccessAsUser.All', MAIL],
    ['with the resource without its last slash', 'EAS.AccessAsUser.All', 'https://mail.contoso.com'],
    ['in full with the resource', 'https://mail.contoso.com/EAS.AccessAsUser.All', 'https://mail.contoso.com'],
    ['twice, in two spellings', 'EAS.AccessAsUser.All https://mail.contoso.com/EAS.AccessAsUser.All', undefined],
  ])('%s', async (_name, scope, resource) => {
    expect(await ask(scope, resource)).toEqual({ aud: MAIL, scope: 'EAS.AccessAsUser.All' })
  })

  it('as all that the client may have, by .default', async () => {
    const all = 'EAS.AccessAsUser.All IMAP.AccessAsUser.All Mail.Read'
    for (const scope of [`${MAIL}.default`, 'https://mail.contoso.com//.default']) {
      const given = await ask(`openid ${scope}`)
      expect(given.aud).toBe(MAIL)
      expect(String(given.scope).split(' ').toSorted()).toEqual(all.split(' '))
    }
  })

  it('of a resource by each of its names', async () => {
    for (const name of [CALENDAR, `${CALENDAR}/`, 'urn:contoso:calendar'])
      expect(await ask('Calendar.Read', name), name).toEqual({ aud: CALENDAR, scope: 'Calendar.Read' })
    expect(await ask('urn:contoso:calendar/Calendar.Read')).toEqual({ aud: CALENDAR, scope: 'Calendar.Read' })
  })

  it('although another resource has one of the same name, where the request says which it means', async () => {
    expect(await ask('Mail.Read', CALENDAR)).toEqual({ aud: CALENDAR, scope: 'Mail.Read' })
    expect(await ask('Mail.Read', MAIL)).toEqual({ aud: MAIL, scope: 'Mail.Read' })
    expect(await ask(`${CALENDAR}/Mail.Read`)).toEqual({ aud: CALENDAR, scope: 'Mail.Read' })
  })

  it('and the client is told what it got', async () => {
    const answer = await redeem(
      world.token,
      await codeOf(browser, authorization(world, { change: { scope: `openid ${MAIL}.default` } })),
    )
    const told = String(answer.body.scope).split(' ')
    for (const short of ['EAS.AccessAsUser.All', 'IMAP.AccessAsUser.All', 'Mail.Read']) expect(told).toContain(`${MAIL}${short}`)
  })
})

describe('nothing is given', () => {
  it.each([
    ['for a resource that nobody knows', 'EAS.AccessAsUser.All', 'https://evil.example/'],
    ['for a resource that the client may not use', 'Salary.Read', 'https://payroll.contoso.com/'],
    ['for a resource with something behind its name', 'EAS.AccessAsUser.All', 'https://mail.contoso.com/x'],
    ['for a resource in capitals', 'EAS.AccessAsUser.All', 'https://MAIL.contoso.com/'],
    ['for a resource with two slashes behind it', 'EAS.AccessAsUser.All', 'https://mail.contoso.com//'],
    ['for a resource that is no address', 'EAS.AccessAsUser.All', 'mail'],
    ['for a resource with a fragment', 'EAS.AccessAsUser.All', 'https://mail.contoso.com/#x'],
    ['for an empty resource', 'EAS.AccessAsUser.All', ' '],
  ])('%s', async (_name, scope, resource) => {
    expect(await refusal(scope, resource)).toBe('invalid_target')
  })

  it.each([
    ['that the client may not have', 'SMTP.Send'],
    ['of a resource that the client may not use', 'https://payroll.contoso.com/Salary.Read'],
    ['that nobody knows', 'nonsense'],
    ['in capitals', 'EAS.ACCESSASUSER.ALL'],
    ['behind three slashes', 'https://mail.contoso.com///EAS.AccessAsUser.All'],
    ['behind another host', 'https://mail.contoso.com.evil.example/EAS.AccessAsUser.All'],
    ['.default without a resource', '.default'],
  ])('for a scope %s, beside one that is right', async (_name, scope) => {
    const asked = authorization(world, { change: { scope: `openid ${MAIL}EAS.AccessAsUser.All ${scope}` } })
    const answer = await answerOf(browser, asked)
    const code = answer.get('code')
    if (code === null) return expect(answer.get('error')).toMatch(/^invalid_(scope|target)$/)
    const { aud, scope: given } = claimsOf((await redeem(world.token, { ...asked, code })).body.access_token)
    expect([aud, given]).toEqual([MAIL, 'EAS.AccessAsUser.All'])
  })

  it('for a short name that two resources know', async () => {
    const asked = authorization(world, { change: { scope: 'openid Mail.Read' } })
    const answer = await answerOf(browser, asked)
    const code = answer.get('code')
    if (code === null) return expect(answer.get('error')).toMatch(/^invalid_(scope|target)$/)
    // Neither resource: the token is good for userinfo alone.
    const told = await redeem(world.token, { ...asked, code })
    expect(String(told.body.access_token).split('.')).toHaveLength(1)
    expect(String(told.body.scope ?? '')).not.toContain('Mail.Read')
  })

  it('to a program beyond its registration', async () => {
    const { confidential } = world.sts.clients
    for (const form of [
      { resource: 'https://payroll.contoso.com/' },
      { resource: 'https://evil.example/' },
      { resource: MAIL, scope: 'SMTP.Send' },
      { scope: 'https://payroll.contoso.com/Salary.Read' },
      { scope: 'nonsense' },
    ]) {
      const answer = await askToken(world.token, { grant_type: 'client_credentials', ...form }, basic(confidential))
      if (answer.status === 200 && !String(answer.body.access_token).includes('.'))
        expect(answer.body.scope ?? '', JSON.stringify(form)).toBe('')
      else if (answer.status === 200) {
        const given = String(claimsOf(answer.body.access_token).scope)
        expect(given, JSON.stringify(form)).not.toMatch(/SMTP|Salary|nonsense/)
        expect(claimsOf(answer.body.access_token).aud).toBe(MAIL)
      } else expect(verdict(answer), JSON.stringify(form)).toMatch(/^400 invalid_(scope|target)$/)
    }
    const all = await askToken(world.token, { grant_type: 'client_credentials', resource: MAIL }, basic(confidential))
    expect(String(claimsOf(all.body.access_token).scope).split(' ').toSorted()).toEqual([
      'EAS.AccessAsUser.All',
      'IMAP.AccessAsUser.All',
      'Mail.Read',
    ])
  })

  it('of a resource that was switched off, from the next request on', async () => {
    const calendar = await world.sts.kept.resources.findByName(CALENDAR)
    if (!calendar) throw new TypeError('no calendar')
    await world.sts.kept.resources.replace({ ...calendar, status: 'disabled' })
    expect(await refusal('Calendar.Read', CALENDAR)).toBe('invalid_target')
    await world.sts.kept.resources.replace({ ...calendar, status: 'active' })
    expect(await ask('Calendar.Read', CALENDAR)).toEqual({ aud: CALENDAR, scope: 'Calendar.Read' })
  })
})

describe('one token answers for one resource', () => {
  it('even where two were asked for', async () => {
    const asked = authorization(world, {
      change: { scope: `openid offline_access ${MAIL}EAS.AccessAsUser.All ${CALENDAR}/Calendar.Read` },
    })
    const answer = await answerOf(browser, asked)
    const code = answer.get('code')
    if (code === null) return expect(answer.get('error')).toMatch(/^invalid_(target|scope)$/)
    const given = await redeem(world.token, { ...asked, code })
    expect(verdict(given), given.text).toBe('200 ok')
    const { aud, scope } = claimsOf(given.body.access_token)
    expect([MAIL, CALENDAR]).toContain(aud)
    expect(scope).toBe(aud === MAIL ? 'EAS.AccessAsUser.All' : 'Calendar.Read')
    const other = aud === MAIL ? CALENDAR : MAIL
    const more = await askToken(world.token, {
      grant_type: 'refresh_token',
      refresh_token: String(given.body.refresh_token),
      client_id: asked.clientId,
      resource: other,
    })
    expect(verdict(more), more.text).toBe('200 ok')
    expect(claimsOf(more.body.access_token)).toMatchObject({
      aud: other,
      scope: other === MAIL ? 'EAS.AccessAsUser.All' : 'Calendar.Read',
    })
  })

  it('and the code for one is not exchanged for another', async () => {
    const code = await codeOf(browser, authorization(world))
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      redirect_uri: code.redirectUri,
      client_id: code.clientId,
      code_verifier: code.verifier,
    }
    const answer = await askToken(world.token, { ...form, resource: CALENDAR })
    expect(verdict(answer)).toMatch(/^400 invalid_(target|grant)$/)
  })
})
