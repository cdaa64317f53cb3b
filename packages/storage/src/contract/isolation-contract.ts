import { describe, expect, test } from 'vitest'
import { ClientId, FamilyId } from '../identifiers.ts'
import type { ClientCredential } from '../ports/clients.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import {
  sampleAccessPass,
  sampleAccount,
  sampleAppAccessRule,
  sampleAppPassword,
  sampleApproval,
  sampleAuditRow,
  sampleAuthenticationPolicy,
  sampleAuthenticator,
  sampleCampaign,
  sampleClient,
  sampleDelegation,
  sampleHybrid,
  sampleMail,
  sampleMailApp,
  sampleMailServer,
  samplePartner,
  sampleRememberedBrowser,
  sampleResource,
  sampleSigningKey,
  sampleTime,
  secondsAfter,
  someBytes,
} from './samples.ts'

/** One of everything, under the same ids in whichever realm. */
const account = sampleAccount({ furtherAddresses: ['further@contoso.com'], groups: ['staff'] })
const client = sampleClient({ id: ClientId.of('mail') })
const secret: ClientCredential = {
  kind: 'secret',
  id: 's',
  clientId: client.id,
  digest: new Uint8Array(32),
  createdAt: sampleTime,
}
const pending = sampleAuthenticator(account.id)
const active = sampleAuthenticator(account.id, { state: 'active', lastStep: 1, credentialId: 'credential' })
const pass = sampleAccessPass(account.id, { uses: 'many' })
const waiting = sampleApproval(account.id)
const approved = sampleApproval(account.id)
const browser = sampleRememberedBrowser(account.id)
const campaign = sampleCampaign()
const mail = sampleMail({ accountId: account.id })
const takeable = { now: sampleTime, until: sampleTime, limit: 10 }
const resource = sampleResource({ names: ['one', 'two'] })
const partner = samplePartner(client.id)
const delegation = sampleDelegation(client.id, resource.id)
const hybrid = sampleHybrid()
const key = sampleSigningKey()
const policy = { id: 'p', name: 'p', mode: 'on', definition: {}, createdAt: sampleTime, updatedAt: sampleTime } as const
const mailApp = sampleMailApp(account.id)
const appPassword = sampleAppPassword(account.id)
const authenticationPolicy = sampleAuthenticationPolicy()
const rule = sampleAppAccessRule()
const mailServer = sampleMailServer(client.id)
const many = { most: 100 }
const untold = { now: sampleTime, until: sampleTime, limit: 10 }
const auditRow = sampleAuditRow({ accountId: account.id })
const token = { issuedAt: sampleTime, expiresAt: secondsAfter(60), payload: {} }
const counter = { subject: `account:${account.id}`, method: 'totp' }
const keys = { grantId: 'g', uid: 'u', userCode: 'c', accountId: account.id }

async function fill(realm: RealmStore): Promise<void> {
  await realm.accounts.add(account)
  await realm.passwords.set(account.id, { hash: 'hash', changedAt: sampleTime })
  await realm.authenticators.add(pending)
  await realm.authenticators.add(active)
  await realm.recoveryCodes.replace(account.id, { digests: [someBytes(32)], at: sampleTime })
  await realm.accessPasses.put(pass)
  await realm.approvals.put(waiting)
  await realm.approvals.put(approved)
  await realm.approvals.decide(account.id, approved.id, { state: 'approved', at: sampleTime })
  await realm.rememberedBrowsers.add(browser)
  await realm.enforcement.addCampaign(campaign)
  await realm.enforcement.set([account.id], { state: 'enabled', at: sampleTime, campaignId: campaign.id })
  await realm.outbox.add(mail)
  await realm.clients.add(client)
  await realm.clients.addCredential(secret)
  await realm.resources.add(resource)
  await realm.partners.put(partner)
  await realm.delegations.grant(delegation)
  await realm.hybrids.put(hybrid)
  await realm.signingKeys.add(key)
  await realm.policies.put(policy)
  await realm.audit.append(auditRow)
  await realm.mailApps.add(mailApp, many)
  await realm.appPasswords.add(appPassword, many)
  await realm.authenticationPolicies.put(authenticationPolicy)
  await realm.authenticationPolicies.assign(account.id, authenticationPolicy.id)
  await realm.appAccessRules.put(rule)
  await realm.mailServers.put(mailServer)
  await realm.revocations.append({ at: sampleTime, kind: 'session', accountId: account.id })
  await realm.artifacts.upsert({ kind: 'Session', id: 'a', payload: {}, expiresAt: token.expiresAt, keys })
  const ofCode = { grantId: 'redeemed', accountId: account.id, clientId: client.id }
  for (const [kind, id] of [
    ['AuthorizationCode', 'code'],
    ['Grant', 'redeemed'],
  ] as const)
    await realm.artifacts.upsert({ kind, id, payload: {}, expiresAt: token.expiresAt, keys: ofCode })
  await realm.refreshTokens.start({
    ...token,
    handle: 'first',
    familyId: FamilyId.of('f'),
    accountId: account.id,
    clientId: client.id,
    familyEndsAt: secondsAfter(600),
  })
  await realm.attempts.update(counter, () => ({
    next: { consecutive: 1, inWindow: 1, windowStartedAt: sampleTime, disabled: false },
    result: undefined,
  }))
}

const everything = async (realm: RealmStore) => ({
  accounts: await realm.accounts.list({ limit: 10 }),
  names: await Promise.all([account.upn, 'further@contoso.com'].map((name) => realm.accounts.findByName(name))),
  password: await realm.passwords.find(account.id),
  authenticators: await realm.authenticators.list(account.id),
  credential: await realm.authenticators.findByCredentialId('credential'),
  recoveryCodes: await realm.recoveryCodes.count(account.id),
  pass: await realm.accessPasses.find(account.id),
  approvals: [await realm.approvals.find(account.id, waiting.id), await realm.approvals.find(account.id, approved.id)],
  attempt: await realm.approvals.findByAttempt(account.id, waiting.attemptDigest),
  waiting: await realm.approvals.listWaiting(account.id, sampleTime),
  browsers: await realm.rememberedBrowsers.list(account.id, sampleTime),
  browser: await realm.rememberedBrowsers.find(account.id, browser.digest, sampleTime),
  states: await realm.enforcement.countByState(),
  campaigns: [await realm.enforcement.findCampaign(campaign.id), await realm.enforcement.listCampaigns()],
  progress: await realm.enforcement.progress(campaign.id),
  // Looking is taking; given back until the same moment, it changes nothing.
  outbox: await realm.outbox.take(takeable),
  clients: await realm.clients.list({ limit: 10 }),
  credentials: await realm.clients.credentials(client.id),
  resources: await realm.resources.list(),
  resourceNames: await Promise.all(resource.names.map((name) => realm.resources.findByName(name))),
  partner: [await realm.partners.find(client.id), await realm.partners.principals()],
  delegations: [await realm.delegations.find(client.id, resource.id), await realm.delegations.list()],
  hybrids: [await realm.hybrids.find(hybrid.name), await realm.hybrids.list()],
  keys: await realm.signingKeys.list(sampleTime),
  policies: await realm.policies.list(),
  audit: await realm.audit.list({ limit: 10, accountId: account.id }),
  mailApps: [await realm.mailApps.list(account.id), await realm.mailApps.listAll({ limit: 10 })],
  // Looking is taking here as well.
  untold: await realm.mailApps.takeUntold(untold),
  appPasswords: await realm.appPasswords.list(account.id),
  gate: await realm.mailApps.look({ name: account.upn, identity: mailApp.identity, lookup: appPassword.lookup }),
  authenticationPolicies: await realm.authenticationPolicies.list(),
  assigned: await realm.authenticationPolicies.countAssigned(authenticationPolicy.id),
  rules: await realm.appAccessRules.list(),
  mailServers: await realm.mailServers.list(),
  revocations: [(await realm.revocations.since(0, 10)).map(({ kind }) => kind), await realm.revocations.bounds()],
  artifact: [await realm.artifacts.find('Session', 'a'), await realm.artifacts.findByUid('Session', 'u')],
  code: await realm.redemptions.findUnused('code'),
  tokens: [await realm.refreshTokens.find('first'), await realm.refreshTokens.find('second')],
  families: [await realm.refreshTokens.family(FamilyId.of('f')), await realm.refreshTokens.families(account.id)],
  attempts: await realm.attempts.find(counter),
})

const ending = { at: secondsAfter(5), because: 'test' }

/** Every way to change what is there, each by itself. */
const changes: Readonly<Record<string, (realm: RealmStore) => Promise<unknown>>> = {
  'accounts.replace': (realm) => realm.accounts.replace({ ...account, displayName: 'New', furtherAddresses: [] }),
  'accounts.remove': (realm) => realm.accounts.remove(account.id),
  'passwords.set': (realm) => realm.passwords.set(account.id, { hash: 'new', changedAt: sampleTime }),
  'passwords.rehash': (realm) => realm.passwords.rehash(account.id, 'hash', 'new'),
  'authenticators.confirm': (realm) => realm.authenticators.confirm(pending.id, { step: 5, at: sampleTime }),
  'authenticators.acceptStep': (realm) => realm.authenticators.acceptStep(active.id, { step: 5, at: sampleTime }),
  'authenticators.removePending': (realm) => realm.authenticators.removePending(account.id, 'totp'),
  'authenticators.disable': (realm) => realm.authenticators.disable(active.id),
  'authenticators.touch': (realm) => realm.authenticators.touch(active.id, { at: secondsAfter(7) }),
  'authenticators.rename': (realm) => realm.authenticators.rename(active.id, 'New'),
  'authenticators.makeDefault': (realm) => realm.authenticators.makeDefault(account.id, active.id),
  'recoveryCodes.replace': (realm) =>
    realm.recoveryCodes.replace(account.id, { digests: [someBytes(32, 2), someBytes(32, 3)], at: sampleTime }),
  'recoveryCodes.use': (realm) => realm.recoveryCodes.use(account.id, someBytes(32), sampleTime),
  'recoveryCodes.remove': (realm) => realm.recoveryCodes.remove(account.id),
  'accessPasses.put': (realm) => realm.accessPasses.put({ ...pass, uses: 'once' }),
  'accessPasses.use': (realm) => realm.accessPasses.use(account.id, pass.id, sampleTime),
  'accessPasses.remove': (realm) => realm.accessPasses.remove(account.id),
  'approvals.put': (realm) => realm.approvals.put({ ...waiting, number: '99' }),
  'approvals.decide': (realm) => realm.approvals.decide(account.id, waiting.id, { state: 'denied', at: sampleTime }),
  'approvals.use': (realm) => realm.approvals.use(account.id, approved.id, sampleTime),
  'rememberedBrowsers.seen': (realm) => realm.rememberedBrowsers.seen(browser.id, secondsAfter(7)),
  'rememberedBrowsers.remove': (realm) => realm.rememberedBrowsers.remove(account.id, browser.id),
  'rememberedBrowsers.removeAll': (realm) => realm.rememberedBrowsers.removeAll(account.id),
  'enforcement.set': (realm) => realm.enforcement.set([account.id], { state: 'enforced', at: sampleTime }),
  'enforcement.setGroup': (realm) => realm.enforcement.setGroup('staff', { state: 'enforced', at: sampleTime }),
  'enforcement.enforce': (realm) => realm.enforcement.enforce(account.id, sampleTime),
  'enforcement.postpone': (realm) => realm.enforcement.postpone(account.id, { atMost: 1, until: sampleTime }),
  'enforcement.changeCampaign': (realm) => realm.enforcement.changeCampaign({ ...campaign, name: 'New' }),
  'outbox.take': (realm) => realm.outbox.take({ ...takeable, until: secondsAfter(9) }),
  'outbox.postpone': (realm) => realm.outbox.postpone(mail.id, secondsAfter(9)),
  'outbox.remove': (realm) => realm.outbox.remove(mail.id),
  'authenticators.remove': (realm) => realm.authenticators.remove(active.id),
  'clients.replace': (realm) => realm.clients.replace({ ...client, displayName: 'New' }),
  'clients.remove': (realm) => realm.clients.remove(client.id),
  'clients.removeCredential': (realm) => realm.clients.removeCredential(client.id, 's'),
  'resources.replace': (realm) => realm.resources.replace({ ...resource, names: ['three'] }),
  'resources.replace without names': (realm) => realm.resources.replace({ ...resource, names: [] }),
  'resources.remove': (realm) => realm.resources.remove(resource.id),
  'partners.put': (realm) => realm.partners.put({ ...partner, acceptsUnsignedUserTokens: true }),
  'partners.claimReading': (realm) =>
    realm.partners.claimReading(client.id, { now: secondsAfter(60), notTriedSince: sampleTime }),
  'partners.withdrawTokens': (realm) => realm.partners.withdrawTokens(client.id, sampleTime),
  'partners.remove': (realm) => realm.partners.remove(client.id),
  'delegations.grant': (realm) => realm.delegations.grant({ ...delegation, exceptGroups: ['staff'] }),
  'delegations.revoke': (realm) => realm.delegations.revoke(client.id, resource.id),
  'hybrids.put': (realm) => realm.hybrids.put({ ...hybrid, made: [] }),
  'hybrids.remove': (realm) => realm.hybrids.remove(hybrid.name),
  'signingKeys.retire': (realm) => realm.signingKeys.retire(key.kid, { retiresAt: sampleTime, removedAt: sampleTime }),
  'policies.put': (realm) => realm.policies.put({ ...policy, mode: 'off' }),
  'policies.remove': (realm) => realm.policies.remove('p'),
  'mailApps.add': (realm) => realm.mailApps.add({ ...mailApp, id: 'other', identity: 'other' }, many),
  'mailApps.seen': (realm) => realm.mailApps.seen(mailApp.id, { at: secondsAfter(9), allowed: true, protocol: 'imap' }),
  'mailApps.decide': (realm) =>
    realm.mailApps.decide(mailApp.id, { state: 'active', from: ['pending'], at: sampleTime, by: 'owner' }),
  'mailApps.rename': (realm) => realm.mailApps.rename(account.id, mailApp.id, 'New'),
  'mailApps.remove': (realm) => realm.mailApps.remove(account.id, mailApp.id),
  'mailApps.takeUntold': (realm) => realm.mailApps.takeUntold({ ...untold, until: secondsAfter(9) }),
  'mailApps.told': (realm) => realm.mailApps.told(mailApp.id, 'sms'),
  'appPasswords.bind': (realm) => realm.appPasswords.bind(appPassword.id, mailApp.id),
  'appPasswords.used': (realm) => realm.appPasswords.used(appPassword.id, { at: sampleTime, protocol: 'imap' }),
  'appPasswords.remove': (realm) => realm.appPasswords.remove(account.id, appPassword.id),
  'appPasswords.removeAll': (realm) => realm.appPasswords.removeAll(account.id),
  'authenticationPolicies.put': (realm) => realm.authenticationPolicies.put({ ...authenticationPolicy, mode: 'off' }),
  'authenticationPolicies.setDefault': (realm) => realm.authenticationPolicies.setDefault(authenticationPolicy.id),
  'authenticationPolicies.assign': (realm) => realm.authenticationPolicies.assign(account.id, undefined),
  'authenticationPolicies.remove': (realm) => realm.authenticationPolicies.remove(authenticationPolicy.id),
  'appAccessRules.put': (realm) => realm.appAccessRules.put({ ...rule, access: 'allow' }),
  'appAccessRules.remove': (realm) => realm.appAccessRules.remove(rule.id),
  'mailServers.put': (realm) => realm.mailServers.put({ ...mailServer, upstreams: {} }),
  'mailServers.remove': (realm) => realm.mailServers.remove(client.id),
  'revocations.append': (realm) => realm.revocations.append({ at: sampleTime, kind: 'session' }),
  'artifacts.upsert': (realm) =>
    realm.artifacts.upsert({ kind: 'Session', id: 'a', payload: { n: 1 }, expiresAt: sampleTime, keys: {} }),
  'artifacts.replace': (realm) =>
    realm.artifacts.replace({ kind: 'Session', id: 'a', payload: { n: 1 }, expiresAt: sampleTime, keys: {} }),
  'artifacts.upsertUnless': (realm) =>
    realm.artifacts.upsertUnless(
      { kind: 'Session', id: 'b', payload: { n: 1 }, expiresAt: sampleTime, keys: { uid: 'u' } },
      { unless: 'EndedSession', instead: 'a' },
    ),
  'artifacts.consume': (realm) => realm.artifacts.consume('Session', 'a', sampleTime),
  'artifacts.destroy': (realm) => realm.artifacts.destroy('Session', 'a'),
  'artifacts.removeByGrant': (realm) => realm.artifacts.removeByGrant('g'),
  'artifacts.removeByAccount': (realm) => realm.artifacts.removeByAccount(account.id),
  'redemptions.redeem': (realm) =>
    realm.redemptions.redeem({
      ...{ code: 'code', grantId: FamilyId.of('redeemed'), accountId: account.id, at: sampleTime },
      trail: sampleAuditRow(),
    }),
  'refreshTokens.use': (realm) => realm.refreshTokens.use('first', sampleTime),
  'refreshTokens.succeed': (realm) =>
    realm.refreshTokens.succeed({ ...token, issuedAt: secondsAfter(9), handle: 'second', predecessor: 'first' }),
  'refreshTokens.keepAnswer': (realm) =>
    realm.refreshTokens.keepAnswer('first', { sealed: new Uint8Array(1), request: 'r', until: sampleTime }),
  'refreshTokens.rotate': (realm) =>
    realm.refreshTokens.rotate({
      handle: 'first',
      at: sampleTime,
      successor: { handle: 'second', payload: {}, issuedAt: secondsAfter(9), expiresAt: secondsAfter(10) },
      trail: sampleAuditRow(),
    }),
  'refreshTokens.revoke': (realm) => realm.refreshTokens.revoke(FamilyId.of('f'), ending),
  'refreshTokens.revokeByAccount': (realm) => realm.refreshTokens.revokeByAccount(account.id, ending),
  'refreshTokens.revokeByClient': (realm) => realm.refreshTokens.revokeByClient(client.id, ending),
  'attempts.update': (realm) =>
    realm.attempts.update(counter, (state) => ({ next: state && { ...state, consecutive: 2 }, result: undefined })),
  'attempts.update to nothing': (realm) => realm.attempts.update(counter, () => ({ next: undefined, result: undefined })),
}

export function isolationContract(opened: () => OpenBackend): void {
  describe('two realms that hold the same ids', () => {
    test.each(Object.keys(changes))('do not meet: %s in one changes that one alone', async (name) => {
      opened().clock.now = sampleTime
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      await fill(one)
      await fill(other)
      const [before, otherBefore] = [await everything(one), await everything(other)]
      expect(otherBefore).toEqual(before)
      await changes[name]?.(other)
      expect(await everything(one)).toEqual(before)
      expect(await everything(other)).not.toEqual(otherBefore)
    })
  })
}
