/**
 * virtual-authenticator is Chromium's own authenticator for tests (CDP domain WebAuthn), and credentials that are put into it
 * and into the store at once, so that a story may begin where somebody has a passkey already.
 * @module
 */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import type { TestPerson, TestSts } from '@postern/sts/testing'
import type { CDPSession } from 'playwright-core'
import type { Page } from './chromium.ts'

export interface VirtualAuthenticator {
  /** Whether it knows its owner from now on (finger, PIN). */
  setUserVerified(isVerified: boolean): Promise<void>
  /** Bits of its next answers. `undefined`: as they should be. */
  override(bits: { isBogusSignature?: boolean; isBadUV?: boolean; isBadUP?: boolean }): Promise<void>
  credentials(): Promise<readonly { credentialId: string; signCount: number; userHandle?: string }[]>
  /** Puts a credential that the store knows into it. */
  hold(credential: HeldCredential, change?: { signCount?: number; isEligible?: boolean }): Promise<void>
  clear(): Promise<void>
}

export async function addAuthenticator(
  page: Page,
  options: { hasUserVerification?: boolean; isSyncable?: boolean; transport?: 'internal' | 'usb' } = {},
): Promise<VirtualAuthenticator> {
  const { hasUserVerification = true, isSyncable = false, transport = 'internal' } = options
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport,
      hasResidentKey: true,
      hasUserVerification,
      isUserVerified: hasUserVerification,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: isSyncable,
      defaultBackupState: isSyncable,
    },
  })
  return authenticatorOf(session, authenticatorId)
}

function authenticatorOf(session: CDPSession, authenticatorId: string): VirtualAuthenticator {
  return {
    setUserVerified: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    override: async (bits) => {
      await session.send('WebAuthn.setResponseOverrideBits', { authenticatorId, ...bits })
    },
    credentials: async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    hold: async ({ credentialId, userHandle, privateKey }, { signCount = 1, isEligible = false } = {}) => {
      await session.send('WebAuthn.addCredential', {
        authenticatorId,
        credential: {
          credentialId: credentialId.toString('base64'),
          isResidentCredential: true,
          rpId: 'localhost',
          privateKey: privateKey.toString('base64'),
          userHandle: userHandle.toString('base64'),
          signCount,
          backupEligibility: isEligible,
          backupState: isEligible,
        },
      })
    },
    clear: async () => {
      await session.send('WebAuthn.clearCredentials', { authenticatorId })
    },
  }
}

export interface HeldCredential {
  readonly credentialId: Buffer
  readonly userHandle: Buffer
  /** PKCS #8. */
  readonly privateKey: Buffer
}

/** Binds a passkey to somebody, as if they had enrolled it: the key can be given to a virtual authenticator. */
export async function bindPasskey(
  sts: TestSts,
  { account }: TestPerson,
  options: { isSyncable?: boolean; lastCounter?: number } = {},
): Promise<HeldCredential> {
  const { isSyncable = false, lastCounter = 1 } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const credentialId = randomBytes(32)
  const now = new Date()
  const added = await sts.kept.authenticators.add({
    id: randomUUID() as never, // a brand has no runtime part
    accountId: account.id,
    method: 'webauthn',
    label: 'Passkey',
    secret: coseKey(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')),
    state: 'active',
    credentialId: credentialId.toString('base64url'),
    lastStep: lastCounter,
    detail: { backupEligible: isSyncable, backedUp: isSyncable, userVerified: true, transports: ['internal'] },
    createdAt: now,
    confirmedAt: now,
  })
  if (added !== 'added') throw new TypeError('the credential is new')
  return {
    credentialId,
    userHandle: Buffer.from(account.id.replaceAll('-', ''), 'hex'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
  }
}

/** An ES256 key as COSE has it (RFC 9053 section 7.1.1), in CBOR by hand: it always has this one shape. */
const coseKey = (x: Buffer, y: Buffer): Uint8Array =>
  new Uint8Array(Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), x, Buffer.from('225820', 'hex'), y]))

/** A browser that does not complete names with passkeys, as older ones do not. */
export const withoutAutofill = (page: Page): Promise<unknown> =>
  page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')

/** Runs in the page: whoever is asked closes the dialogue. The virtual authenticator cannot. */
export const closesTheDialogue = `for (const verb of ['get', 'create']) {
  navigator.credentials[verb] = () => Promise.reject(new DOMException('closed', 'NotAllowedError'))
}`

/** Runs in the page: puts an answer into the field and sends its form, as the script of the page would. */
export const sendAs = (field: { value: string; form: { submit(): void } }, answer: string): void => {
  field.value = answer
  field.form.submit()
}
