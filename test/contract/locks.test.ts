import { setTimeout as wait } from 'node:timers/promises'
import { ClientId, connect, createStore, FamilyId, type RealmStore, StorageUnavailable } from '@postern/storage'
import {
  type OpenBackend,
  postgres,
  sampleAccount,
  sampleAppPassword,
  sampleAuthenticator,
  sampleCertificate,
  sampleClient,
  sampleMailApp,
  samplePartner,
  sampleTime,
  secondsAfter,
} from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

let backend: OpenBackend
let realm: RealmStore
beforeAll(async () => {
  backend = await postgres.open()
})
afterAll(() => backend.close())
beforeEach(async () => {
  realm = await backend.newRealm()
})

async function addAccount() {
  const account = sampleAccount()
  await realm.accounts.add(account)
  return account
}

/** Whether a statement of our database waits for a lock. */
const isWaiting = async (): Promise<boolean> =>
  (
    await backend.connection.session((session) =>
      session.query("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"),
    )
  ).length > 0

/** Runs `lock` and `finish` in one transaction, and `other` in a second one, which waits before `finish` begins. */
async function oneThenOther<T>(work: {
  lock: () => Promise<unknown>
  finish: () => Promise<unknown>
  other: () => Promise<T>
}): Promise<T> {
  const locked = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  let ended = false
  const one = backend.store.transaction(async () => {
    await work.lock()
    locked.resolve()
    await begun.promise
    while (!ended && !(await isWaiting())) await wait(5)
    expect(ended, 'the second transaction did not wait').toBe(false)
    await work.finish()
  })
  await locked.promise
  const other = backend.store.transaction(work.other).finally(() => {
    ended = true
  })
  begun.resolve()
  const [, outcome] = await Promise.all([one, other])
  return outcome
}

describe('find with a lock', () => {
  test('makes the second request for an artifact wait, and see what the first did', async () => {
    const find = () => realm.artifacts.find('AuthorizationCode', 'a', { lock: true })
    await realm.artifacts.upsert({ kind: 'AuthorizationCode', id: 'a', payload: {}, expiresAt: sampleTime, keys: {} })
    const seen = await oneThenOther({
      lock: find,
      finish: () => realm.artifacts.consume('AuthorizationCode', 'a', sampleTime),
      other: find,
    })
    expect(seen?.consumedAt).toEqual(sampleTime)
  })

  describe('of a refresh token', () => {
    const find = () => realm.refreshTokens.find('first', { lock: true })
    const at = { issuedAt: sampleTime, expiresAt: secondsAfter(60), payload: {} }
    beforeEach(async () => {
      await realm.clients.add(sampleClient({ id: ClientId.of('c') }))
      await realm.refreshTokens.start({
        ...at,
        handle: 'first',
        familyId: FamilyId.of('f'),
        clientId: ClientId.of('c'),
        familyEndsAt: at.expiresAt,
      })
    })

    test('sees a successor that was added and even used while it waited', async () => {
      const finish = async () => {
        await realm.refreshTokens.use('first', secondsAfter(1))
        await realm.refreshTokens.succeed({ ...at, handle: 'second', predecessor: 'first' })
        await realm.refreshTokens.use('second', secondsAfter(2))
      }
      const seen = await oneThenOther({ lock: find, finish, other: find })
      expect(seen).toMatchObject({ usedAt: secondsAfter(1), successorUsedAt: secondsAfter(2) })
    })

    test('does not find a token whose family was revoked while it waited', async () => {
      const finish = () => realm.refreshTokens.revoke(FamilyId.of('f'), { at: sampleTime, because: 'reuse' })
      expect(await oneThenOther({ lock: find, finish, other: find })).toBeUndefined()
    })

    test('makes a revocation wait, after which the successor is dead as well', async () => {
      const finish = () => realm.refreshTokens.succeed({ ...at, handle: 'second', predecessor: 'first' })
      const other = () => realm.refreshTokens.revoke(FamilyId.of('f'), { at: sampleTime, because: 'reuse' })
      expect(await oneThenOther({ lock: find, finish, other })).toBe(true)
      expect(await realm.refreshTokens.find('second')).toBeUndefined()
    })
  })

  test('gives up in bounded time when the first never ends', async () => {
    const find = () => realm.artifacts.find('AuthorizationCode', 'a', { lock: true })
    await realm.artifacts.upsert({ kind: 'AuthorizationCode', id: 'a', payload: {}, expiresAt: sampleTime, keys: {} })
    await backend.store.transaction(async () => {
      await find()
      await expect(backend.store.outsideTransaction(find)).rejects.toThrow(StorageUnavailable)
    })
  })
})

test('an account that is held keeps the second who holds it waiting, who then sees what the first did', async () => {
  const { id } = await addAccount()
  const factor = sampleAuthenticator(id)
  await realm.authenticators.add(factor)
  const left = await oneThenOther({
    lock: () => realm.accounts.hold(id),
    finish: () => realm.authenticators.remove(factor.id),
    async other() {
      await realm.accounts.hold(id)
      return realm.authenticators.list(id)
    },
  })
  expect(left).toEqual([])
})

describe('two writers', () => {
  test('of the same new names: exactly one account is added', async () => {
    const names = ['a@contoso.com', 'b@contoso.com', 'c@contoso.com']
    const added = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        realm.accounts.add(sampleAccount({ furtherAddresses: index % 2 === 0 ? names : names.toReversed() })),
      ),
    )
    expect(added.filter((outcome) => outcome === 'added')).toHaveLength(1)
    expect(await realm.accounts.list({ limit: 100 })).toHaveLength(1)
  })

  test('that take each other’s names give way instead of hanging', async () => {
    const [mary, joe] = [
      sampleAccount({ furtherAddresses: ['m@contoso.com'] }),
      sampleAccount({ furtherAddresses: ['j@contoso.com'] }),
    ]
    await realm.accounts.add(mary)
    await realm.accounts.add(joe)
    const outcomes = await Promise.allSettled([
      realm.accounts.replace({ ...mary, furtherAddresses: ['j@contoso.com'] }),
      realm.accounts.replace({ ...joe, furtherAddresses: ['m@contoso.com'] }),
    ])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StorageUnavailable)
    }
    const owners = await Promise.all(['m@contoso.com', 'j@contoso.com'].map((name) => realm.accounts.findByName(name)))
    expect(new Set(owners.filter(Boolean).map((owner) => owner?.id)).size).toBe(owners.filter(Boolean).length)
  })
})

describe('attempts', () => {
  const count = () =>
    realm.attempts.update({ subject: 'account:x', method: 'totp' }, (state) => {
      const consecutive = (state?.consecutive ?? 0) + 1
      return { next: { consecutive, inWindow: consecutive, windowStartedAt: sampleTime, disabled: false }, result: consecutive }
    })

  /** The next `times` writings of a counter are the ones to give way, as on an engine that serialises by refusing. */
  const refuseWriting = (times: number) =>
    backend.connection.runScript(`
      drop trigger if exists attempt_counter_refuse on attempt_counter;
      drop sequence if exists refused;
      create sequence refused;
      create or replace function attempt_counter_refuse() returns trigger language plpgsql as $$
      begin
        if nextval('refused') <= ${times} then raise exception 'give way' using errcode = 'serialization_failure'; end if;
        return new;
      end $$;
      create trigger attempt_counter_refuse before insert or update on attempt_counter for each row execute function attempt_counter_refuse();`)

  test('are counted once although the database made the writing give way three times', async () => {
    await refuseWriting(3)
    expect(await count()).toBe(1)
    expect(await count()).toBe(2)
  })

  test('are refused when the database makes the writing give way for ever', async () => {
    await refuseWriting(1_000)
    await expect(count()).rejects.toMatchObject({ name: 'StorageUnavailable', reason: 'contention' })
    await refuseWriting(0)
    expect(await count()).toBe(1)
  })
})

describe('a service principal', () => {
  const client = sampleClient({ id: ClientId.of('cloud') })
  const disable = () => realm.clients.replace({ ...client, status: 'disabled' })
  const version = () => backend.store.realms.version(realm.realmId)
  beforeEach(async () => {
    await realm.clients.add(client)
  })

  test.each(['certificate', 'partner'] as const)(
    'is not missed when it is disabled while it gets its first %s, whoever comes first',
    async (what) => {
      const first = sampleCertificate(client.id)
      const make = (): Promise<unknown> =>
        what === 'partner' ? realm.partners.put(samplePartner(client.id)) : realm.clients.addCredential(first)
      const unmake = () =>
        what === 'partner' ? realm.partners.remove(client.id) : realm.clients.removeCredential(client.id, first.id)
      for (const [lock, other] of [
        [make, disable],
        [disable, make],
      ] as const) {
        await realm.clients.replace(client)
        const seen: unknown[] = []
        const finish = async () => seen.push(await version())
        await oneThenOther<unknown>({ lock, finish, other })
        expect(seen).not.toContain(await version())
        const [principal] = await realm.partners.principals()
        expect(principal?.client.status).toBe('disabled')
        await unmake()
      }
    },
  )

  test('has its document read by one of two who want to at the same time', async () => {
    await realm.partners.put(samplePartner(client.id))
    const claim = () => realm.partners.claimReading(client.id, { now: secondsAfter(60), notTriedSince: sampleTime })
    const first: boolean[] = []
    const lock = async () => first.push(await claim())
    expect(await oneThenOther({ lock, finish: async () => undefined, other: claim })).toBe(false)
    expect(first).toEqual([true])
  })

  test('keeps the later of two withdrawals at the same time', async () => {
    const withdraw = (seconds: number) => () => realm.partners.withdrawTokens(client.id, secondsAfter(seconds))
    await oneThenOther({ lock: withdraw(60), finish: async () => undefined, other: withdraw(30) })
    expect((await realm.partners.find(client.id))?.tokensValidFrom).toEqual(secondsAfter(60))
    const all = Array.from({ length: 20 }, (_, second) => withdraw(second + 100)())
    expect(await Promise.all(all)).not.toContain(false)
    expect((await realm.partners.find(client.id))?.tokensValidFrom).toEqual(secondsAfter(119))
  })

  test('keeps a withdrawal that came between finding and putting', async () => {
    await realm.partners.put(samplePartner(client.id))
    const found: Awaited<ReturnType<RealmStore['partners']['find']>>[] = []
    await oneThenOther({
      lock: async () => found.push(await realm.partners.find(client.id, { lock: true })),
      finish: () => realm.partners.put({ ...samplePartner(client.id), ...found[0], metadataProblem: 'x' }),
      other: () => realm.partners.withdrawTokens(client.id, secondsAfter(60)),
    })
    expect(await realm.partners.find(client.id)).toEqual(
      samplePartner(client.id, { metadataProblem: 'x', tokensValidFrom: secondsAfter(60) }),
    )
  })
})

describe('what ends at the same time', () => {
  const ending = { at: sampleTime, because: 'test' }
  const [one, two] = ['one', 'two'].map(FamilyId.of) as [FamilyId, FamilyId] // as many as are named
  const numbers = async () => (await realm.revocations.since(0, 100)).map(({ number, familyId }) => [number, familyId])
  beforeEach(async () => {
    await realm.clients.add(sampleClient({ id: ClientId.of('c') }))
    for (const familyId of [one, two]) {
      await realm.refreshTokens.start({
        handle: familyId,
        familyId,
        clientId: ClientId.of('c'),
        payload: {},
        issuedAt: sampleTime,
        expiresAt: secondsAfter(60),
        familyEndsAt: secondsAfter(60),
      })
    }
  })

  test('waits for its number after everything else, so that nobody waits in a circle', async () => {
    const { id } = await addAccount()
    const held = Promise.withResolvers<void>()
    const revoked = Promise.withResolvers<void>()
    // Like reuse detection: ends a family, and then wants what somebody holds who ends something as well.
    const tokens = backend.store.transaction(async () => {
      await realm.refreshTokens.revoke(one, ending)
      revoked.resolve()
      await held.promise
      await realm.accounts.hold(id)
    })
    const portal = backend.store.transaction(async () => {
      await realm.accounts.hold(id)
      held.resolve()
      await revoked.promise
      while (!(await isWaiting())) await wait(5)
      await realm.refreshTokens.revoke(two, ending)
    })
    await Promise.all([tokens, portal])
    expect(await numbers()).toEqual([
      [1, two],
      [2, one],
    ])
  })

  test('is numbered in the order of the commits, and not in that of the work', async () => {
    await backend.store.transaction(async () => {
      await realm.refreshTokens.revoke(one, ending)
      await backend.store.outsideTransaction(() => realm.refreshTokens.revoke(two, ending))
      expect(await backend.store.outsideTransaction(numbers)).toEqual([[1, two]])
    })
    expect(await numbers()).toEqual([
      [1, two],
      [2, one],
    ])
  })

  test('of many apps of one account leaves one of each identity, and the bound of app passwords whole', async () => {
    const { id } = await addAccount()
    const app = sampleMailApp(id)
    const adding = { lock: () => realm.mailApps.add(app, { most: 1 }), finish: async () => undefined }
    const other = (identity: string) => () => realm.mailApps.add(sampleMailApp(id, { identity }), { most: 1 })
    expect(await oneThenOther({ ...adding, other: other(app.identity) })).toBe('known')
    await realm.mailApps.remove(id, app.id)
    expect(await oneThenOther({ ...adding, other: other('another') })).toBe('full')
    const add = () => realm.appPasswords.add(sampleAppPassword(id), { most: 1 })
    expect(await oneThenOther({ lock: add, finish: async () => undefined, other: add })).toBe('full')
  })

  test('of two apps that use one app password first has the password with the first one', async () => {
    const { id } = await addAccount()
    const own = sampleAppPassword(id)
    const [first, second] = [sampleMailApp(id), sampleMailApp(id)]
    for (const app of [first, second]) await realm.mailApps.add(app, { most: 9 })
    await realm.appPasswords.add(own, { most: 9 })
    const bind = (app: string) => () => realm.appPasswords.bind(own.id, app)
    expect(await oneThenOther({ lock: bind(first.id), finish: async () => undefined, other: bind(second.id) })).toBe(false)
    expect((await realm.appPasswords.list(id))[0]?.mailAppId).toBe(first.id)
  })
})

test('two processes that claim the same in opposite order share the claims, and wait for each other in one order', async () => {
  const url = backend.url ?? ''
  const connection = connect({ kind: 'postgres', url, poolSize: 4 })
  const { masterKey, clock } = backend
  const other = createStore({ connection, masterKey, clock: () => clock.now }).realm(realm.realmId)
  const jtis = Array.from({ length: 500 }, (_, index) => String(index))
  // Where rows lie in the table tells nothing of the order in which they were claimed, so a trigger notes it.
  const ask = (text: string, values: readonly unknown[] = []) => connection.session((session) => session.query(text, [...values]))
  await ask('create table claim_order (position bigint generated always as identity, realm_id uuid, statement text, hash text)')
  await ask(`create function note_claim() returns trigger language plpgsql as $$
    begin
      insert into claim_order (realm_id, statement, hash)
      values (new.realm_id, txid_current()::text, encode(new.claim_hash, 'hex'));
      return new;
    end $$`)
  await ask('create trigger note_claim before insert on replay_claim for each row execute function note_claim()')
  const claimAll = (of: RealmStore, order: readonly string[]) =>
    Promise.all(order.map(async (jti) => [jti, await of.replay.claim('issuer', jti, secondsAfter(60))] as const))
  const [one, two] = await Promise.all([claimAll(realm, jtis), claimAll(other, jtis.toReversed())])
  const won = [...one, ...two].flatMap(([jti, mine]) => (mine ? [jti] : []))
  expect(won.sort()).toEqual(jtis.toSorted())
  // A deadlock would be mended by trying again, and only slow things down. So the order itself is looked at.
  const rows = await ask('select statement, hash from claim_order where realm_id = $1 order by position', [realm.realmId])
  await ask('drop trigger note_claim on replay_claim')
  await ask('drop function note_claim()')
  await ask('drop table claim_order')
  await connection.close()
  const written = Map.groupBy(rows, ({ statement }) => statement)
  expect(written.size).toBeLessThan(100)
  for (const each of written.values()) expect(each).toEqual(each.toSorted((a, b) => (String(a.hash) < String(b.hash) ? -1 : 1)))
})
