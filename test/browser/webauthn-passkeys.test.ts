/**
 * Signing in with a passkey and nothing else, in a real browser with a virtual authenticator: by the button, by what the
 * field of the name completes to, and everything that must not let anybody in.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from './chromium.ts'
import {
  addAuthenticator,
  bindPasskey,
  closesTheDialogue,
  sendAs,
  type VirtualAuthenticator,
  withoutAutofill,
} from './virtual-authenticator.ts'
import { startWebauthnStage, type WebauthnStage } from './webauthn-stage.ts'

let stage: WebauthnStage

beforeAll(async () => {
  stage = await startWebauthnStage()
})
afterAll(() => stage?.close())

const newPerson = (name: string) => stage.sts.addPerson({ name, factor: false })
const button = 'Sign in with a passkey'
const refused = /That passkey was not accepted here/

/**
 * A browser that completes no names with passkeys, as older ones do: the virtual authenticator is never asked whom to take,
 * so otherwise it would sign in before anybody pressed anything.
 */
async function openAtRest(page: Page): Promise<VirtualAuthenticator> {
  await withoutAutofill(page)
  const authenticator = await addAuthenticator(page)
  await page.goto(stage.authorizeUrl())
  return authenticator
}

describe('a passkey', () => {
  it('signs in by the button, without name and password, and counts as resistant to phishing', async () => {
    const anna = await newPerson('anna')
    const credential = await bindPasskey(stage.sts, anna)
    const complaints = await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential)
      await page.getByRole('button', { name: button }).click()
      const claims = await stage.claimsAtApp(page)
      expect(claims).toMatchObject({ upn: anna.upn, acr: 'urn:postern:acr:phishing-resistant', amr: ['hwk', 'mfa'] })
    })
    expect(complaints).toEqual([])
  })

  it('that is synced says so, and never claims the third level', async () => {
    const sara = await newPerson('sara')
    const credential = await bindPasskey(stage.sts, sara, { isSyncable: true })
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential, { isEligible: true })
      await page.getByRole('button', { name: button }).click()
      const claims = await stage.claimsAtApp(page)
      expect(claims).toMatchObject({ upn: sara.upn, amr: ['swk', 'mfa'], acr: 'urn:postern:acr:phishing-resistant' })
    })
  })

  it('is offered by what the field of the name completes to, and signs in from there', async () => {
    const olga = await newPerson('olga')
    const credential = await bindPasskey(stage.sts, olga)
    const complaints = await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await authenticator.hold(credential)
      // Chromium's virtual authenticator takes whatever is offered at once; nobody presses anything.
      await page.goto(stage.authorizeUrl())
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: olga.upn, amr: ['hwk', 'mfa'] })
    })
    expect(complaints).toEqual([])
  })

  it('leaves the name to be typed as ever by whoever has none', async () => {
    const paul = await stage.sts.addPerson({ name: 'paul', factor: true })
    await stage.inBrowser(async (page) => {
      await openAtRest(page)
      await stage.typePassword(page, paul)
      await page.waitForSelector('input[name=code]')
    })
  })

  it('signs in while wrong passwords have locked everything else', async () => {
    const emma = await newPerson('emma')
    const credential = await bindPasskey(stage.sts, emma)
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      for (let wrong = 0; wrong < 12; wrong += 1) {
        await stage.sts.service.accounts.signIn(stage.sts.kept, { name: emma.upn, password: `wrong ${wrong}` })
      }
      const locked = await stage.sts.service.accounts.signIn(stage.sts.kept, { name: emma.upn, password: emma.password })
      expect(locked.outcome).toBe('throttled')
      await authenticator.hold(credential)
      await page.getByRole('button', { name: button }).click()
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: emma.upn })
    })
  })
})

describe('nobody is let in', () => {
  it('by a passkey that nobody knows here, and learns no more than that', async () => {
    const lost = await newPerson('lost')
    const credential = await bindPasskey(stage.sts, lost)
    for (const { id } of await stage.sts.kept.authenticators.list(lost.account.id)) await stage.sts.kept.authenticators.remove(id)
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential)
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
      // Once more is no circle: without a press nothing is asked.
      expect(await page.isVisible('input[name=name]')).toBe(true)
    })
    expect(await stage.told('signin.failed')).toContainEqual({ method: 'webauthn', because: 'credential_unknown' })
  })

  it('by a key that has not verified its owner', async () => {
    const uwe = await newPerson('uwe')
    const credential = await bindPasskey(stage.sts, uwe)
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential)
      await authenticator.override({ isBadUV: true })
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: 'did not check that it is you' }).waitFor()
    })
    expect(await stage.told('signin.failed')).toContainEqual({ method: 'webauthn', because: 'user_not_verified' })
  })

  it('by a key that cannot verify its owner: the browser says so, and the page says what to do', async () => {
    const vera = await newPerson('vera')
    const credential = await bindPasskey(stage.sts, vera)
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential)
      await authenticator.setUserVerified(false)
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: 'Press the button to try again' }).waitFor()
      expect(await page.isEnabled('[data-begins] button')).toBe(true)
    })
  })

  it('by a copy whose counter lags behind, and the trail says why', async () => {
    const cleo = await newPerson('cleo')
    const credential = await bindPasskey(stage.sts, cleo, { lastCounter: 40 })
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential, { signCount: 20 })
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
    })
    expect(await stage.told('signin.failed')).toContainEqual({ method: 'webauthn', because: 'counter_went_back' })
  })

  it('by a key that could not be synced and now says it can', async () => {
    const berta = await newPerson('berta')
    const credential = await bindPasskey(stage.sts, berta)
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential, { isEligible: true })
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
    })
    expect(await stage.told('signin.failed')).toContainEqual({ method: 'webauthn', because: 'backup_flag_changed' })
  })

  it.each([
    ['a broken signature', { isBogusSignature: true }, ['signature_wrong', 'invalid']],
    ['nobody present', { isBadUP: true }, ['invalid']],
  ] as const)('by %s', async (name, bits, because) => {
    const person = await newPerson(name.replaceAll(' ', '-'))
    const credential = await bindPasskey(stage.sts, person)
    await stage.inBrowser(async (page) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential)
      await authenticator.override(bits)
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
    })
    expect(because).toContain((await stage.told('signin.failed')).at(-1)?.because)
  })

  it('by an answer that was used already, or is sent from another browser', async () => {
    const rosa = await newPerson('rosa')
    const credential = await bindPasskey(stage.sts, rosa)
    await stage.inBrowser(async (page, context) => {
      const authenticator = await openAtRest(page)
      await authenticator.hold(credential)
      const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/passkey'))
      // The browser stays where it is, so that the same sign-in can be answered once more.
      await context.route(/\/callback/, (route) => route.abort())
      await page.getByRole('button', { name: button }).click()
      const answer = new URLSearchParams((await posted).postData() ?? '').get('answer') ?? ''
      expect(answer).toContain('authenticatorData')

      await stage.inBrowser(async (thief) => {
        await thief.goto(stage.authorizeUrl())
        await thief.locator('form[data-webauthn] input[name=answer]').evaluate(sendAs, answer)
        await thief.getByRole('alert').filter({ hasText: 'That took too long' }).waitFor()
      })
    })
  })

  it('who cancels, and is told what to do', async () => {
    await stage.inBrowser(async (page) => {
      await openAtRest(page)
      await page.evaluate(closesTheDialogue)
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('alert').filter({ hasText: 'it was cancelled' }).waitFor()
      expect(await page.innerText(':focus')).toContain(button)
    })
  })
})
