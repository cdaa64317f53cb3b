/**
 * Passkeys and security keys beside a password, in a real browser with a virtual authenticator: setting one up, showing it,
 * and everything that must not count as showing it.
 */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from './chromium.ts'
import { addAuthenticator, bindPasskey, closesTheDialogue, sendAs, withoutAutofill } from './virtual-authenticator.ts'
import { startWebauthnStage, type WebauthnStage } from './webauthn-stage.ts'

let stage: WebauthnStage

beforeAll(async () => {
  stage = await startWebauthnStage()
  // Whoever sits here may set up a first factor with a password alone.
  const { id, settings } = stage.sts.realm
  await stage.sts.store.realms.change(id, { settings: { ...settings, trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
})
afterAll(() => stage?.close())

const newPerson = (name: string) => stage.sts.addPerson({ name, factor: false })
const keysOf = async ({ account }: TestPerson) =>
  (await stage.sts.kept.authenticators.list(account.id)).filter(({ method }) => method === 'webauthn')
const refused = /That passkey or key was not accepted/

async function openAndType(page: Page, person: TestPerson): Promise<void> {
  await withoutAutofill(page)
  await page.goto(stage.authorizeUrl())
  await stage.typePassword(page, person)
}

async function setUp(page: Page, person: TestPerson): Promise<void> {
  await openAndType(page, person)
  await page.getByRole('button', { name: 'Passkey' }).click()
  await page.getByRole('button', { name: 'Create passkey' }).click()
}

/** The page with the recovery codes, which stands between a first factor and the app. */
async function keepCodes(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'recovery codes' }).waitFor()
  await page.locator('main button.primary').click()
}

describe('setting up', () => {
  it('a passkey leads back to the app, and the next sign-in needs nothing else', async () => {
    const anna = await newPerson('anna')
    const complaints = await stage.inBrowser(async (page, context) => {
      const authenticator = await addAuthenticator(page)
      await setUp(page, anna)
      await keepCodes(page)
      const amr = ['pwd', 'hwk', 'mfa']
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: anna.upn, amr, acr: 'urn:postern:acr:phishing-resistant' })

      const [held] = await authenticator.credentials()
      const [kept] = await keysOf(anna)
      expect(kept).toMatchObject({
        state: 'active',
        label: 'Passkey',
        credentialId: Buffer.from(held?.credentialId ?? '', 'base64').toString('base64url'),
        detail: { backupEligible: false, userVerified: true },
      })
      expect(Buffer.from(held?.userHandle ?? '', 'base64').toString('hex')).toBe(anna.account.id.replaceAll('-', ''))

      await context.clearCookies()
      await page.goto(stage.authorizeUrl())
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: anna.upn, amr: ['hwk', 'mfa'] })
    })
    expect(complaints).toEqual([])
  })

  it('a security key without a PIN makes a second factor, and never a sign-in by itself', async () => {
    const kurt = await newPerson('kurt')
    await stage.inBrowser(async (page, context) => {
      const authenticator = await addAuthenticator(page, { hasUserVerification: false, transport: 'usb' })
      await setUp(page, kurt)
      await keepCodes(page)
      await stage.claimsAtApp(page)
      expect((await keysOf(kurt))[0]).toMatchObject({ detail: { userVerified: false, transports: ['usb'] } })

      await context.clearCookies()
      await page.goto(stage.authorizeUrl())
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
      await page.getByRole('alert').filter({ hasText: 'Press the button to try again' }).waitFor()
      await stage.typePassword(page, kurt)
      expect(await stage.claimsAtApp(page)).toMatchObject({ amr: ['pwd', 'hwk', 'mfa'] })
      expect((await authenticator.credentials())[0]?.signCount).toBeGreaterThan(1)
    })
  })

  it('can be cancelled, and says what to do', async () => {
    const carl = await newPerson('carl')
    await stage.inBrowser(async (page) => {
      await openAndType(page, carl)
      await page.getByRole('button', { name: 'Passkey' }).click()
      await page.evaluate(closesTheDialogue)
      await page.getByRole('button', { name: 'Create passkey' }).click()
      await page.getByRole('alert').filter({ hasText: 'it was cancelled' }).waitFor()
      expect(await page.isEnabled('[data-begins] button')).toBe(true)
    })
    expect((await keysOf(carl)).filter(({ state }) => state === 'active')).toEqual([])
  })
})

describe('a key beside the password', () => {
  it('is asked for by itself once, and lets in', async () => {
    const olga = await newPerson('olga')
    const credential = await bindPasskey(stage.sts, olga, { isSyncable: true })
    const complaints = await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page, { isSyncable: true })
      await authenticator.hold(credential, { isEligible: true })
      await openAndType(page, olga)
      const amr = ['pwd', 'swk', 'mfa']
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: olga.upn, amr, acr: 'urn:postern:acr:phishing-resistant' })
    })
    expect(complaints).toEqual([])
  })

  it('of somebody else is refused, even when it is sent by hand', async () => {
    const vera = await newPerson('vera')
    const wolf = await newPerson('wolf')
    await bindPasskey(stage.sts, vera)
    const his = await bindPasskey(stage.sts, wolf)
    await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await authenticator.hold(his)
      await openAndType(page, vera)
      // The browser has no key of hers, and the page says what to do.
      await page.getByRole('alert').filter({ hasText: 'Press the button to try again' }).waitFor()
      const options = JSON.parse((await page.getAttribute('form[data-webauthn]', 'data-options')) ?? '{}') as {
        challenge: string
      }
      const answer = await page.evaluate<string>(answersAnybody(options.challenge))
      expect(answer).toContain('authenticatorData')
      await page.locator('form[data-webauthn] input[name=answer]').evaluate(sendAs, answer)
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
    })
    expect(await stage.told('signin.failed')).toContainEqual({ method: 'webauthn', because: 'credential_unknown' })
  })

  it('that is a copy with an older counter is refused', async () => {
    const cleo = await newPerson('cleo')
    const credential = await bindPasskey(stage.sts, cleo, { lastCounter: 40 })
    await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await authenticator.hold(credential, { signCount: 20 })
      await openAndType(page, cleo)
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
      // Nothing is asked again by itself, and the one that is ahead still works.
      await authenticator.clear()
      await authenticator.hold(credential, { signCount: 60 })
      await page.getByRole('button', { name: 'Use passkey or security key' }).click()
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: cleo.upn })
    })
    expect(await stage.told('signin.failed')).toContainEqual({ method: 'webauthn', because: 'counter_went_back' })
  })

  it('that now says it can be synced is refused', async () => {
    const berta = await newPerson('berta')
    const credential = await bindPasskey(stage.sts, berta)
    await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await authenticator.hold(credential, { isEligible: true })
      await openAndType(page, berta)
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
    })
  })

  it.each([
    ['a broken signature', { isBogusSignature: true }],
    ['nobody present', { isBadUP: true }],
  ] as const)('with %s is refused', async (name, bits) => {
    const person = await newPerson(name.replaceAll(' ', '-'))
    const credential = await bindPasskey(stage.sts, person)
    await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await authenticator.hold(credential)
      await authenticator.override(bits)
      await openAndType(page, person)
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
    })
  })

  it('is good once: its answer sent again is refused', async () => {
    const rosa = await newPerson('rosa')
    const credential = await bindPasskey(stage.sts, rosa)
    await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await authenticator.hold(credential)
      await authenticator.override({ isBogusSignature: true })
      const first = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/factor'))
      await openAndType(page, rosa)
      const answer = new URLSearchParams((await first).postData() ?? '').get('answer') ?? ''
      await page.getByRole('alert').filter({ hasText: refused }).waitFor()
      await page.locator('form[data-webauthn] input[name=answer]').evaluate(sendAs, answer)
      await page.getByRole('alert').filter({ hasText: 'That took too long' }).waitFor()
    })
  })

  it('can be cancelled, and the button asks again', async () => {
    const emil = await newPerson('emil')
    const credential = await bindPasskey(stage.sts, emil)
    await stage.inBrowser(async (page) => {
      const authenticator = await addAuthenticator(page)
      await openAndType(page, emil)
      await page.getByRole('alert').filter({ hasText: 'Press the button to try again' }).waitFor()
      await authenticator.hold(credential)
      await page.getByRole('button', { name: 'Use passkey or security key' }).click()
      expect(await stage.claimsAtApp(page)).toMatchObject({ upn: emil.upn })
    })
  })
})

/** Runs in the page: whatever key there is answers the challenge, whoever was asked for. */
const answersAnybody = (challenge: string): string => `(async (challenge) => {
  const asked = { challenge: Uint8Array.fromBase64(challenge, { alphabet: 'base64url' }), rpId: 'localhost' }
  const { id, type, response } = await navigator.credentials.get({ publicKey: asked })
  const text = (bytes) => new Uint8Array(bytes).toBase64({ alphabet: 'base64url', omitPadding: true })
  const { clientDataJSON, authenticatorData, signature, userHandle } = response
  const said = { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) }
  return JSON.stringify({ id, rawId: id, type, response: { ...said, userHandle: text(userHandle) } })
})(${JSON.stringify(challenge)})`
