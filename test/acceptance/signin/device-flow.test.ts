/** A device without a keyboard: codes (R74), waiting (R75), confirmation by a person who sees who asks (R76); RFC 8628. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askToken } from '../../support/person-browser.ts'
import { asksFor, createBrowser, textOf } from '../support/browser.ts'
import { approve, startDevice, typeCode } from '../support/device.ts'
import { basic, claimsOf, signedIn, startWorld, verdict, type World, walk } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(() => world.pass(86_400))
afterAll(() => world.close())

describe('the codes', () => {
  it('are easy to read and hard to guess', async () => {
    const seen = new Set<string>()
    for (let time = 0; time < 20; time += 1) {
      const { userCode, deviceCode } = await startDevice(world)
      expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
      expect(deviceCode.length).toBeGreaterThanOrEqual(40)
      seen.add(userCode)
    }
    expect(seen.size).toBe(20)
  })

  it('are taken in small letters, without the hyphen and with blanks', async () => {
    const browser = await signedIn(world)
    for (const spell of [
      (code: string) => code.toLowerCase(),
      (code: string) => code.replace('-', ''),
      (code: string) => ` ${code.replace('-', ' ')} `,
    ]) {
      const { userCode } = await startDevice(world)
      const page = await typeCode(world, browser, spell(userCode))
      expect(asksFor(page, 'confirm'), textOf(page.html)).toBe(true)
    }
  })

  it('that are wrong are counted by source, and then not even the right one is heard', async () => {
    const { userCode } = await startDevice(world)
    const statuses: number[] = []
    for (let time = 0; time < 11; time += 1)
      statuses.push((await typeCode(world, createBrowser(), `BBBB-BBB${'BCDFGHJKLMN'[time]}`)).status)
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 400))
    expect(statuses[10]).toBe(429)
    const paused = await typeCode(world, createBrowser(), userCode)
    expect([paused.status, asksFor(paused, 'confirm')]).toEqual([429, false])
    const seconds = Number(paused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    world.pass(seconds)
    expect(asksFor(await typeCode(world, createBrowser(), userCode), 'confirm')).toBe(true)
  })
})

describe('the person', () => {
  it('sees who asks, and the code, before anything is given', async () => {
    const browser = await signedIn(world)
    const device = await startDevice(world)
    const page = await typeCode(world, browser, device.userCode)
    expect(textOf(page.html)).toContain('Contoso Mail for Desktop')
    expect(textOf(page.html)).toContain(device.userCode)
    expect(verdict(await device.poll())).toBe('400 authorization_pending')
  })

  it('follows the link with the code in it and is asked all the same', async () => {
    const browser = await signedIn(world)
    const { clientId } = world.sts.clients.mail
    const { body } = await askToken(`${world.issuer}/oauth2/v2.0/devicecode`, { client_id: clientId, scope: 'openid' })
    const page = await browser.open(String(body.verification_uri_complete))
    expect(page.status).toBe(200)
    const confirm = asksFor(page, 'confirm') ? page : await browser.submit(page)
    expect(asksFor(confirm, 'confirm'), textOf(confirm.html)).toBe(true)
    expect(textOf(confirm.html)).toContain(String(body.user_code))
    // Its script runs only because the policy of the page names it.
    if (page.html.includes('<script>')) expect(page.headers.get('content-security-policy')).toMatch(/script-src [^;]*'sha256-/)
  })

  it('says yes, signs in, and the device has its tokens', async () => {
    const device = await startDevice(world)
    const browser = createBrowser()
    const done = await approve(world, browser, device.userCode)
    expect(done.status).toBe(200)
    expect(textOf(done.html)).toContain('Contoso Mail for Desktop')
    const answer = await device.poll()
    expect(verdict(answer), answer.text).toBe('200 ok')
    expect(claimsOf(answer.body.access_token)).toMatchObject({
      sub: world.sts.mary.account.id,
      amr: ['pwd', 'otp', 'mfa'],
      scope: 'EAS.AccessAsUser.All',
    })
    expect(answer.body.refresh_token).toEqual(expect.any(String))
  })

  it('says no, and the device hears it', async () => {
    const device = await startDevice(world)
    const browser = await signedIn(world)
    const page = await browser.submit(await typeCode(world, browser, device.userCode), { abort: 'yes' })
    expect(page.status).toBeLessThan(500)
    expect(verdict(await device.poll())).toBe('400 access_denied')
    expect(verdict(await device.poll())).toMatch(/^400 (access_denied|expired_token|invalid_grant)$/)
  })

  it('cannot be made to say yes by a form of another site', async () => {
    const device = await startDevice(world)
    const browser = await signedIn(world)
    await typeCode(world, browser, device.userCode)
    for (const fields of [
      { user_code: device.userCode, confirm: 'yes' },
      { user_code: device.userCode, confirm: 'yes', xsrf: '' },
      { user_code: device.userCode, confirm: 'yes', xsrf: 'x'.repeat(24) },
    ]) {
      const page = await browser.post(`${world.issuer}/device`, fields)
      expect(page.status).toBeGreaterThanOrEqual(400)
      expect(page.status).toBeLessThan(500)
      world.pass(6)
      expect(verdict(await device.poll())).toBe('400 authorization_pending')
    }
  })

  it('in another browser does not finish what this one confirmed', async () => {
    const device = await startDevice(world)
    const [one, other] = [createBrowser(), createBrowser()]
    const signingIn = await one.submit(await typeCode(world, one, device.userCode), { confirm: 'yes' })
    expect(asksFor(signingIn, 'name') || asksFor(signingIn, 'password')).toBe(true)
    const stolen = await other.open(signingIn.url)
    expect(stolen.status).toBeLessThan(500)
    expect(verdict(await device.poll())).toBe('400 authorization_pending')
    await walk(world, one, signingIn)
    world.pass(6)
    expect(verdict(await device.poll())).toBe('200 ok')
  })
})

describe('the device', () => {
  it('gets its tokens once', async () => {
    const device = await startDevice(world)
    await approve(world, createBrowser(), device.userCode)
    const answers = await Promise.all(Array.from({ length: 20 }, () => device.poll()))
    expect(answers.filter((answer) => answer.status === 200).length).toBe(1)
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([])
    expect(verdict(await device.poll())).toBe('400 invalid_grant')
  })

  it('is the one that asked: the code is of no use to another client', async () => {
    const device = await startDevice(world)
    await approve(world, createBrowser(), device.userCode)
    const { confidential } = world.sts.clients
    await world.changeClient(confidential, { grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'client_credentials'] })
    const stolen = await askToken(
      world.token,
      { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.deviceCode },
      basic(confidential),
    )
    expect(verdict(stolen)).toBe('400 invalid_grant')
    expect(verdict(await device.poll())).toBe('200 ok')
  })

  it('that waits too long is told that it is over, and so is the person', async () => {
    const device = await startDevice(world)
    world.pass(world.sts.realm.settings.deviceCodeSeconds + 1)
    expect(verdict(await device.poll())).toBe('400 expired_token')
    const page = await typeCode(world, await signedIn(world), device.userCode)
    expect([page.status, asksFor(page, 'confirm')]).toEqual([400, false])
  })

  it('whose code was used cannot have it confirmed again', async () => {
    const device = await startDevice(world)
    await approve(world, createBrowser(), device.userCode)
    await device.poll()
    const page = await typeCode(world, await signedIn(world), device.userCode)
    expect(asksFor(page, 'confirm')).toBe(false)
    expect(page.status).toBeLessThan(500)
  })

  it('of a client that may not use this way gets nothing', async () => {
    const answer = await askToken(`${world.issuer}/oauth2/v2.0/devicecode`, { scope: 'openid' }, basic(world.sts.clients.server))
    expect(answer.status).toBe(400)
    expect(answer.body.device_code).toBeUndefined()
  })
})
