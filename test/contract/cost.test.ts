import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  AccountId,
  AuthenticatorId,
  ClientId,
  type Connection,
  connect,
  createStore,
  FamilyId,
  migrate,
  type RealmId,
  type RealmStore,
  ResourceId,
} from '@postern/storage'
import {
  type PostgresServer,
  sampleAccessPass,
  sampleAccount,
  sampleAppPassword,
  sampleApproval,
  sampleAuditRow,
  sampleAuthenticator,
  sampleCertificate,
  sampleClient,
  sampleDelegation,
  sampleMail,
  sampleMailApp,
  samplePartner,
  sampleRealm,
  sampleTime,
  secondsAfter,
  startPostgres,
} from '@postern/storage/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: PostgresServer
let url: string
let watch: Connection
const masterKey = randomBytes(32)
beforeAll(async () => {
  server = await startPostgres()
  url = await server.createDatabase()
  watch = connect({ kind: 'postgres', url, poolSize: 1 })
})
afterAll(async () => {
  await watch.close()
  await server.stop()
})

/** Tables that grow with people and their tokens. */
const growing =
  'account account_address password authenticator recovery_code access_pass approval remembered_browser outbox oidc_artifact refresh_family refresh_token attempt_counter replay_claim audit_event client client_credential mail_app app_password authentication_policy_assignment revocation'.split(
    ' ',
  )

const query = (text: string, parameters: readonly unknown[] = []) => watch.session((session) => session.query(text, parameters))
const scans = async () =>
  Object.fromEntries(
    (await query('select relname, seq_scan from pg_stat_user_tables where relname = any($1)', [growing])).map((row) => [
      row.relname,
      row.seq_scan,
    ]),
  )

/** Runs `work` in a session of its own and waits for its end: only then has it handed in all its statistics. */
async function inOwnSession(work: (connection: Connection) => Promise<void>): Promise<void> {
  const applicationName = `cost-${randomUUID()}`
  const connection = connect({ kind: 'postgres', url, poolSize: 1, applicationName })
  await work(connection)
  await connection.close()
  while ((await query('select 1 from pg_stat_activity where application_name = $1', [applicationName])).length > 0) await wait(10)
}

test('nothing on the way of a token reads a growing table from one end to the other', async () => {
  const realm = sampleRealm()
  const rows = 20_000
  const hash = (what: string) => `sha256((${what})::text::bytea)`
  const id = (what: string) => `md5(${what}::text)::uuid`
  const setup = [
    `insert into account select '${realm.id}', ${id('n')}, n || '@x', n || '@x', n || '@x', '{}', n::text, null, '{}', 'active', now(), now() from generate_series(1, ${rows}) n`,
    `insert into account_address select realm_id, upn_key, id from account`,
    `insert into password select realm_id, id, 'hash', now() from account`,
    `insert into authenticator select realm_id, id, id, 'totp', '', '', 'active', null, now() from account`,
    `update authenticator set credential_id = id::text`,
    `insert into campaign select '${realm.id}', n::text, 'n', 3, 7, now(), null, now() from generate_series(1, 2) n`,
    `update account set groups = array[upn], campaign_id = case when upn like '%9@x' then '1' else '2' end`,
    `insert into recovery_code select realm_id, id, ${hash('id')}, now(), null from account`,
    `insert into access_pass select realm_id, id, id::text, '', 'once', now(), now() + interval '1 year', now(), 'x', null from account`,
    `insert into approval select realm_id, id::text, id, id::text, '1', 'waiting', '{}', now(), now() + interval '1 year', null from account`,
    `insert into remembered_browser select realm_id, id::text, id, ${hash('id')}, 'x', now(), now(), now() + interval '1 year' from account`,
    `insert into outbox select realm_id, id::text, id, '', now(), now() + interval '1 year', 0, now() + interval '1 year' from account`,
    `insert into oidc_artifact select '${realm.id}', 'Session', ${hash('n')}, '', n::text, ${hash('n')}, ${hash('n')}, n::text, n::text, null, now() + interval '1 year' from generate_series(1, ${rows}) n`,
    `insert into refresh_family select realm_id, id::text, id, 'mail', now(), now(), now() + interval '1 year' from account`,
    `insert into refresh_token select realm_id, ${hash('id')}, id, null, '', now(), now() + interval '1 year' from refresh_family`,
    `insert into attempt_counter select realm_id, 'account:' || id, 'totp', 0, 0, now(), null, false, now() + interval '1 year' from account`,
    `insert into replay_claim select '${realm.id}', ${hash('n')}, now() + interval '1 year' from generate_series(1, ${rows}) n`,
    `insert into client select realm_id, id || '-' || n, display_name, status, authentication_method, application_type, redirect_uris, post_logout_redirect_uris, null, grant_types, pkce, consent, false, false, access, now(), now() from client, generate_series(1, ${rows}) n`,
    `insert into client_credential select realm_id, id, id, 'secret', '', null, null, null, now(), null from client`,
    `insert into client_credential select realm_id, 'key-' || id, id, 'key', null, '{}', id, id, now(), null from client where id like '%7777'`,
    `insert into partner select realm_id, id, null, null, null, null, null, null, false, null from client where id like '%777'`,
    `insert into resource select '${realm.id}', ${id('n')}, 'x', n::text, '{}', null, '{}', 'RS256', 'JWT', null, 'active', now(), now() from generate_series(1, 20) n`,
    `insert into delegation select client.realm_id, client.id, resource.id, '{x}', '{}', now() from client join resource on client.id like '%777'`,
    `insert into audit_event select '${realm.id}', n::text, now(), 'e', 'allowed', n::text, n::text, n::text, null, null, '{}' from generate_series(1, ${rows}) n`,
    `insert into mail_app select realm_id, id::text, id, id::text, ${hash('id')}, 'x', '{}', '{imap}', null, case when upn like '%9@x' then 'pending' else 'active' end, now(), now(), null, null, 1, null, null, case when upn like '%99@x' then null else 'sms' end, case when upn like '%99@x' then null else now() end, null from account`,
    `insert into app_password select realm_id, id::text, id, 'x', id::text, 'hash', '{imap}', '{}', false, case when upn like '%7@x' then id::text end, now(), 'owner', now() + interval '1 year', null, null, null from account`,
    `insert into authentication_policy select '${realm.id}', n::text, n::text, 'on', '{}', false, now(), now() from generate_series(1, 9) n`,
    `insert into authentication_policy_assignment select realm_id, id, right(split_part(upn, '@', 1), 1) from account where upn like '%1@x' or upn like '%12@x'`,
    `insert into revocation select '${realm.id}', n, now(), 'session', null, null, null, null, null, null from generate_series(1, ${rows}) n`,
    `insert into revocation_counter values ('${realm.id}', ${rows})`,
    'analyze',
  ]
  await inOwnSession(async (connection) => {
    await migrate(connection)
    const store = createStore({ connection, masterKey, clock: () => sampleTime })
    await store.realms.add(realm)
    await store.realm(realm.id).clients.add(sampleClient({ id: ClientId.of('mail') }))
    for (const text of setup) await connection.runScript(text)
  })
  const before = await scans()
  await inOwnSession((connection) => useEverything(connection, realm.id))
  expect(await scans()).toEqual(before)
})

test('a token or family can be found by no index of its realm but its own key, so that a plan made for empty tables stays good', async () => {
  const names = await query(
    `select indexname from pg_indexes where tablename in ('refresh_token', 'refresh_family') and indexdef like '%(realm_id,%'`,
  )
  expect(names.map(({ indexname }) => indexname).sort()).toEqual(['refresh_family_pk', 'refresh_token_pk'])
})

/** Everything that a sign-in, a token or the sweeping of old rows asks of the store. */
async function useEverything(connection: Connection, realmId: RealmId): Promise<void> {
  const store = createStore({ connection, masterKey, clock: () => sampleTime })
  const mine = store.realm(realmId)
  const account = sampleAccount({ furtherAddresses: ['further@x'] })
  const at = { issuedAt: sampleTime, expiresAt: sampleTime, payload: {} }
  const ending = { at: sampleTime, because: 'x' }
  const known = (await mine.accounts.findByName('9@x'))?.id ?? AccountId.of('')

  await mine.accounts.add(account)
  await mine.accounts.replace(account)
  await mine.accounts.find(known)
  await mine.accounts.findByName('7@x')
  await mine.accounts.list({ limit: 20, after: '7@x' })
  await mine.passwords.find(known)
  await mine.passwords.rehash(known, 'hash', 'other')
  await mine.authenticators.list(account.id)
  await mine.authenticators.removePending(known, 'totp')
  await useEveryFactor(mine, known)
  await mine.artifacts.upsert({
    kind: 'Session',
    id: 'a',
    payload: {},
    expiresAt: sampleTime,
    keys: { grantId: 'g', uid: 'u', userCode: 'c' },
  })
  await store.transaction(async () => {
    await mine.artifacts.find('Session', 'a', { lock: true })
    await mine.artifacts.consume('Session', 'a', sampleTime)
  })
  await mine.artifacts.findByUid('Session', 'u')
  await mine.artifacts.findByUserCode('Session', 'c')
  await mine.artifacts.removeByGrant('g')
  await mine.artifacts.removeByAccount('nobody')
  await mine.artifacts.destroy('Session', 'a')
  await mine.refreshTokens.start({
    ...at,
    handle: 'a',
    familyId: FamilyId.of('f'),
    accountId: account.id,
    clientId: ClientId.of('mail'),
    familyEndsAt: sampleTime,
  })
  await store.transaction(async () => {
    await mine.refreshTokens.find('a', { lock: true })
    await mine.refreshTokens.use('a', sampleTime)
    await mine.refreshTokens.succeed({ ...at, handle: 'b', predecessor: 'a' })
    await mine.refreshTokens.keepAnswer('a', { sealed: new Uint8Array(9), request: 'r', until: sampleTime })
    await mine.refreshTokens.find('a', { lock: true })
    const successor = { ...at, handle: 'c' }
    await mine.refreshTokens.rotate({ handle: 'b', at: sampleTime, successor, trail: sampleAuditRow() })
  })
  await mine.refreshTokens.families(account.id)
  await mine.refreshTokens.revokeByAccount(account.id, ending)
  await mine.refreshTokens.revoke(FamilyId.of('f'), ending)
  await useServers(mine)
  await useMailApps(mine, known)
  await mine.attempts.update({ subject: `account:${known}`, method: 'totp' }, (state) => ({ next: state, result: undefined }))
  await mine.replay.claim('i', 'j', secondsAfter(60))
  await mine.audit.append(sampleAuditRow())
  await mine.audit.list({ limit: 20 })
  await mine.audit.list({ limit: 20, reference: '7' })
  await mine.audit.list({ limit: 20, accountId: '7' })
  await store.removeExpired(secondsAfter(1), 100)
  await store.removeExpired(secondsAfter(1), 100)
  await mine.accounts.remove(known)
}

/** Everything that second factors, campaigns and notices ask of the store. */
async function useEveryFactor(mine: RealmStore, known: AccountId): Promise<void> {
  const own = sampleAuthenticator(known, { state: 'active' })
  const digest = new Uint8Array(32)
  const approval = sampleApproval(known)
  const mail = sampleMail({ accountId: known })

  await mine.authenticators.add(own)
  await mine.authenticators.findByCredentialId('nothing')
  await mine.authenticators.confirm(AuthenticatorId.of(randomUUID()), { at: sampleTime, credentialId: 'c' })
  await mine.authenticators.acceptStep(own.id, { step: 1, at: sampleTime })
  await mine.authenticators.makeDefault(known, own.id)
  await mine.recoveryCodes.replace(known, { digests: [digest], at: sampleTime })
  await mine.recoveryCodes.use(known, digest, sampleTime)
  await mine.recoveryCodes.count(known)
  await mine.accessPasses.put(sampleAccessPass(known))
  await mine.accessPasses.find(known)
  await mine.approvals.put(approval)
  await mine.approvals.findByAttempt(known, approval.attemptDigest)
  await mine.approvals.listWaiting(known, sampleTime)
  await mine.approvals.decide(known, approval.id, { state: 'approved', at: sampleTime })
  await mine.rememberedBrowsers.find(known, digest, sampleTime)
  await mine.rememberedBrowsers.list(known, sampleTime)
  await mine.rememberedBrowsers.removeAll(known)
  await mine.enforcement.set([known], { state: 'enabled', at: sampleTime, campaignId: '1' })
  await mine.enforcement.setGroup('7@x', { state: 'enabled', at: sampleTime })
  await mine.enforcement.postpone(known, { atMost: 1, until: sampleTime })
  await mine.enforcement.progress('1')
  await mine.outbox.add(mail)
  await mine.outbox.take({ now: sampleTime, until: sampleTime, limit: 10 })
  await mine.outbox.postpone(mail.id, sampleTime)
}

/** Everything that servers which act for people ask of the store. */
async function useServers(mine: RealmStore): Promise<void> {
  const clientId = ClientId.of('mail-7')
  const resourceId = (await mine.resources.list())[0]?.id ?? ResourceId.of('')
  await mine.clients.findWithCredentials(clientId)
  await mine.partners.principals()
  await mine.partners.find(clientId)
  await mine.partners.put(samplePartner(clientId))
  await mine.partners.claimReading(clientId, { now: secondsAfter(60), notTriedSince: sampleTime })
  await mine.partners.withdrawTokens(clientId, sampleTime)
  await mine.delegations.find(clientId, resourceId)
  await mine.delegations.grant(sampleDelegation(clientId, resourceId))
  await mine.delegations.revoke(clientId, resourceId)
  await mine.clients.addCredential(sampleCertificate(clientId))
}

/** Everything that the gate, the portal and the readers of the revocation feed ask of the store. */
async function useMailApps(mine: RealmStore, known: AccountId): Promise<void> {
  const app = sampleMailApp(known)
  const own = sampleAppPassword(known)
  const seen = { at: sampleTime, allowed: true, protocol: 'smtp' }
  const turn = { now: sampleTime, until: sampleTime }
  // Also with the plan that PostgreSQL keeps for all values.
  for (let time = 0; time < 8; time += 1) await mine.mailApps.look({ name: '9@x', identity: '9', lookup: known })
  await mine.mailApps.add(app, { most: 100 })
  await mine.appPasswords.add(own, { most: 100 })
  await mine.appPasswords.bind(own.id, app.id)
  await mine.appPasswords.used(own.id, { at: sampleTime, protocol: 'imap' })
  await mine.appPasswords.list(known)
  await mine.mailApps.seen(app.id, seen)
  await mine.mailApps.list(known)
  await mine.mailApps.listAll({ limit: 10 })
  await mine.mailApps.listAll({ limit: 10, state: 'pending', before: sampleTime })
  await mine.mailApps.takeUntold({ ...turn, limit: 10 })
  await mine.mailApps.decide(app.id, { state: 'active', from: ['pending'], at: sampleTime, by: 'owner' })
  await mine.mailApps.rename(known, app.id, 'x')
  await mine.mailApps.told(app.id, 'sms')
  await mine.authenticationPolicies.assign(known, '2')
  await mine.authenticationPolicies.assigned(known)
  await mine.authenticationPolicies.countAssigned('2')
  await mine.authenticationPolicies.assign(known, undefined)
  await mine.passwords.set(known, { hash: 'new', changedAt: sampleTime })
  await mine.accounts.signOut(known, sampleTime)
  await mine.mailApps.remove(known, app.id)
  await mine.appPasswords.removeAll(known)
  await mine.authenticationPolicies.remove('9')
  await mine.revocations.append({ at: sampleTime, kind: 'session', accountId: known })
  await mine.revocations.bounds()
  await mine.revocations.since(19_990, 100)
  await mine.revocations.takeTurn('dovecot', turn)
  await mine.revocations.endTurn('dovecot', 7)
}
