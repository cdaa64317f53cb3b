import { randomBytes, randomUUID } from 'node:crypto'
import { AccountId, AuthenticatorId, ClientId, RealmId, ResourceId } from '../identifiers.ts'
import type { AccessPass } from '../ports/access-passes.ts'
import type { Account } from '../ports/accounts.ts'
import type { AppPassword } from '../ports/app-passwords.ts'
import type { Approval } from '../ports/approvals.ts'
import type { AuditRow } from '../ports/audit.ts'
import type { StoredAppAccessRule, StoredAuthenticationPolicy } from '../ports/authentication-policies.ts'
import type { Authenticator } from '../ports/authenticators.ts'
import type { Client, ClientCredential } from '../ports/clients.ts'
import type { Delegation } from '../ports/delegations.ts'
import type { Campaign } from '../ports/enforcement.ts'
import type { Hybrid } from '../ports/hybrids.ts'
import type { MailApp } from '../ports/mail-apps.ts'
import type { MailServer } from '../ports/mail-servers.ts'
import type { OutgoingMail } from '../ports/outbox.ts'
import type { Partner } from '../ports/partners.ts'
import type { Realm, RealmSettings } from '../ports/realms.ts'
import type { RememberedBrowser } from '../ports/remembered-browsers.ts'
import type { Resource } from '../ports/resources.ts'
import type { SigningKey } from '../ports/signing-keys.ts'

/** A moment that samples are made at. */
export const sampleTime = new Date('2031-05-06T07:08:09.010Z')
export const secondsAfter = (seconds: number, moment: Date = sampleTime): Date => new Date(moment.getTime() + seconds * 1000)
export const someBytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + seed) % 256)
const word = (): string => randomUUID().slice(0, 8)

export const sampleSettings: RealmSettings = {
  accessTokenSeconds: 3600,
  idTokenSeconds: 3600,
  authorizationCodeSeconds: 60,
  deviceCodeSeconds: 600,
  sessionSeconds: 86_400,
  interactionSeconds: 600,
  refreshIdleSeconds: 30 * 86_400,
  refreshAbsoluteSeconds: 365 * 86_400,
  refreshReplaySeconds: 10,
}

export const sampleRealm = (own: Partial<Omit<Realm, 'version'>> = {}): Omit<Realm, 'version'> => ({
  id: RealmId.of(randomUUID()),
  displayName: 'Contoso',
  domains: [`${word()}.example`],
  status: 'active',
  settings: sampleSettings,
  createdAt: sampleTime,
  ...own,
})

export const sampleAccount = (own: Partial<Account> = {}): Account => {
  const name = word()
  return {
    id: AccountId.of(randomUUID()),
    upn: `${name}@contoso.com`,
    address: `${name}@contoso.com`,
    furtherAddresses: [],
    displayName: 'Mary',
    groups: [],
    status: 'active',
    enforcement: { state: 'disabled', postponed: 0 },
    createdAt: sampleTime,
    updatedAt: sampleTime,
    ...own,
  }
}

export const sampleAuthenticator = (accountId: AccountId, own: Partial<Authenticator> = {}): Authenticator => ({
  id: AuthenticatorId.of(randomUUID()),
  accountId,
  method: 'totp',
  label: 'Phone',
  secret: someBytes(20),
  state: 'pending',
  detail: {},
  isDefault: false,
  createdAt: sampleTime,
  ...own,
})

export const sampleAccessPass = (accountId: AccountId, own: Partial<AccessPass> = {}): AccessPass => ({
  id: randomUUID(),
  accountId,
  digest: someBytes(32),
  uses: 'once',
  startsAt: sampleTime,
  expiresAt: secondsAfter(600),
  createdAt: sampleTime,
  createdBy: 'admin@contoso.com',
  ...own,
})

export const sampleApproval = (accountId: AccountId, own: Partial<Approval> = {}): Approval => ({
  id: randomUUID(),
  accountId,
  attemptDigest: randomUUID(),
  number: '07',
  state: 'waiting',
  about: { appName: 'Mail', source: '192.0.2.7', browser: 'Firefox on Linux' },
  createdAt: sampleTime,
  expiresAt: secondsAfter(120),
  ...own,
})

export const sampleRememberedBrowser = (accountId: AccountId, own: Partial<RememberedBrowser> = {}): RememberedBrowser => ({
  id: randomUUID(),
  accountId,
  digest: new Uint8Array(randomBytes(32)),
  label: 'Firefox on Linux',
  createdAt: sampleTime,
  lastSeenAt: sampleTime,
  expiresAt: secondsAfter(86_400),
  ...own,
})

export const sampleCampaign = (own: Partial<Campaign> = {}): Campaign => ({
  id: randomUUID(),
  name: 'Spring',
  postponements: 3,
  postponeDays: 7,
  startsAt: sampleTime,
  createdAt: sampleTime,
  ...own,
})

export const sampleMail = (own: Partial<OutgoingMail> = {}): OutgoingMail => ({
  id: randomUUID(),
  to: 'mary@contoso.com',
  subject: 'A way to sign in was added',
  text: 'Was it you?',
  createdAt: sampleTime,
  nextTryAt: sampleTime,
  tries: 0,
  expiresAt: secondsAfter(86_400),
  ...own,
})

export const sampleClient = (own: Partial<Client> = {}): Client => ({
  id: ClientId.of(randomUUID()),
  displayName: 'Mail',
  status: 'active',
  authenticationMethod: 'none',
  applicationType: 'native',
  redirectUris: ['http://localhost/', 'com.contoso.mail://auth,with "quotes"'],
  postLogoutRedirectUris: [],
  grantTypes: ['authorization_code', 'refresh_token'],
  pkce: 'required',
  consent: 'implicit',
  dpopBoundAccessTokens: false,
  pushedAuthorizationRequired: false,
  access: [{ resourceId: ResourceId.of(randomUUID()), scopes: ['EAS.AccessAsUser.All', 'offline_access'] }],
  createdAt: sampleTime,
  updatedAt: sampleTime,
  ...own,
})

export const sampleResource = (own: Partial<Resource> = {}): Resource => {
  const audience = `https://${word()}.contoso.com/`
  return {
    id: ResourceId.of(randomUUID()),
    displayName: 'Mail server',
    audience,
    names: [audience],
    scopes: ['EAS.AccessAsUser.All'],
    algorithm: 'RS256',
    tokenType: 'at+jwt',
    status: 'active',
    createdAt: sampleTime,
    updatedAt: sampleTime,
    ...own,
  }
}

/** A key with a certificate that nobody else has. */
export const sampleCertificate = (
  clientId: ClientId,
  own: Partial<Extract<ClientCredential, { kind: 'key' }>> = {},
): Extract<ClientCredential, { kind: 'key' }> & { readonly x5t: string } => ({
  kind: 'key',
  id: randomUUID(),
  clientId,
  jwk: '{"kty":"RSA"}',
  x5tS256: randomUUID(),
  createdAt: sampleTime,
  ...own,
  x5t: own.x5t ?? randomUUID(),
})

export const samplePartner = (clientId: ClientId, own: Partial<Partner> = {}): Partner => ({
  clientId,
  metadataUrl: 'https://cloud.contoso.com/metadata/json/1',
  acceptsUnsignedUserTokens: false,
  ...own,
})

export const sampleDelegation = (clientId: ClientId, resourceId: ResourceId, own: Partial<Delegation> = {}): Delegation => ({
  clientId,
  resourceId,
  scopes: ['EWS.AccessAsUser.All'],
  exceptGroups: [],
  createdAt: sampleTime,
  ...own,
})

export const sampleHybrid = (own: Partial<Hybrid> = {}): Hybrid => ({
  name: word(),
  made: [{ kind: 'client', id: 'cloud' }],
  createdAt: sampleTime,
  updatedAt: sampleTime,
  ...own,
})

export const sampleSigningKey = (own: Partial<SigningKey> = {}): SigningKey => ({
  kid: word(),
  algorithm: 'RS256',
  privateKey: someBytes(1200, 7),
  certificate: someBytes(700, 9),
  announcedAt: sampleTime,
  signsFrom: secondsAfter(60),
  ...own,
})

export const sampleAuditRow = (own: Partial<AuditRow> = {}): AuditRow => ({
  id: randomUUID(),
  at: sampleTime,
  event: 'token.issued',
  outcome: 'allowed',
  reference: word(),
  detail: {},
  ...own,
})

export const sampleMailApp = (accountId: AccountId, own: Partial<MailApp> = {}): MailApp => ({
  id: randomUUID(),
  accountId,
  identity: `device:${word()}`,
  label: 'iPhone',
  traits: { deviceId: 'ABC', deviceType: 'iPhone', userAgent: 'Apple-iPhone/1' },
  protocols: ['activesync'],
  state: 'pending',
  firstTriedAt: sampleTime,
  lastTriedAt: sampleTime,
  lastSource: '192.0.2.7',
  tries: 1,
  ...own,
})

export const sampleAppPassword = (accountId: AccountId, own: Partial<AppPassword> = {}): AppPassword => ({
  id: randomUUID(),
  accountId,
  label: 'Old laptop',
  lookup: word(),
  hash: '$argon2id$',
  protocols: ['imap', 'smtp'],
  networks: [],
  bindsToFirstApp: false,
  createdAt: sampleTime,
  createdBy: 'owner',
  ...own,
})

export const sampleAuthenticationPolicy = (
  own: Partial<StoredAuthenticationPolicy> = {},
): Omit<StoredAuthenticationPolicy, 'isDefault'> => ({
  id: randomUUID(),
  name: word(),
  mode: 'on',
  definition: { password: { imap: 'allow' } },
  createdAt: sampleTime,
  updatedAt: sampleTime,
  ...own,
})

export const sampleAppAccessRule = (own: Partial<StoredAppAccessRule> = {}): StoredAppAccessRule => ({
  id: randomUUID(),
  name: word(),
  mode: 'on',
  access: 'block',
  match: { deviceType: ['iPad*'] },
  createdAt: sampleTime,
  updatedAt: sampleTime,
  ...own,
})

export const sampleMailServer = (clientId: ClientId, own: Partial<MailServer> = {}): MailServer => ({
  clientId,
  protocols: ['imap', 'smtp'],
  upstreams: { imap: '127.0.0.1:1143' },
  doveadm: { url: 'http://127.0.0.1:8080/doveadm/v1', key: 'a key' },
  createdAt: sampleTime,
  ...own,
})
