import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { StorageUnavailable } from '../errors.ts'
import { ClientId, FamilyId } from '../identifiers.ts'
import type { RealmStore } from '../store.ts'
import type { OpenBackend } from './backend.ts'
import {
  sampleAccessPass,
  sampleAccount,
  sampleApproval,
  sampleAuditRow,
  sampleAuthenticator,
  sampleClient,
  sampleMail,
  sampleRememberedBrowser,
  sampleSigningKey,
  sampleTime,
  secondsAfter,
} from './samples.ts'

const policy = (id: string) =>
  ({ id, name: id, mode: 'on', definition: {}, createdAt: sampleTime, updatedAt: sampleTime }) as const
const ids = async (realm: RealmStore) => (await realm.policies.list()).map(({ id }) => id)

export function storeContract(opened: () => OpenBackend): void {
  describe('transaction', () => {
    test('keeps everything or nothing', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const result = await store.transaction(async () => {
        await realm.policies.put(policy('a'))
        await realm.policies.put(policy('b'))
        return 'done'
      })
      expect(result).toBe('done')
      const failure = new RangeError('no')
      const failing = store.transaction(async () => {
        await realm.policies.put(policy('c'))
        throw failure
      })
      await expect(failing).rejects.toBe(failure)
      expect(await ids(realm)).toEqual(['a', 'b'])
    })

    test('joins the one around it', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const failing = store.transaction(async () => {
        await store.transaction(() => realm.policies.put(policy('inner')))
        expect(await ids(realm)).toEqual(['inner'])
        throw new RangeError('no')
      })
      await expect(failing).rejects.toThrow(RangeError)
      expect(await ids(realm)).toEqual([])
    })

    test('runs what was started in parallel one after the other', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const names = Array.from({ length: 10 }, (_, index) => `p${index}`)
      await store.transaction(() =>
        Promise.all([
          ...names.map((name) => realm.policies.put(policy(name))),
          realm.accounts.add(sampleAccount({ upn: 'one@contoso.com' })),
          realm.accounts.add(sampleAccount({ upn: 'one@contoso.com' })),
          realm.accounts.add(sampleAccount({ upn: 'two@contoso.com' })),
        ]),
      )
      expect((await ids(realm)).toSorted()).toEqual(names)
      expect(await realm.accounts.list({ limit: 10 })).toHaveLength(2)
    })

    test('rolls back before it throws, although other statements were still on their way', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const failing = store.transaction(() =>
        Promise.all([Promise.reject(new RangeError('no')), ...['a', 'b', 'c'].map((name) => realm.policies.put(policy(name)))]),
      )
      await expect(failing).rejects.toThrow(RangeError)
      expect(await ids(realm)).toEqual([])
    })

    test('refuses a statement that comes after its end', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      let late: Promise<void> | undefined
      let end: () => void = () => undefined
      const ended = new Promise<void>((resolve) => {
        end = resolve
      })
      await store.transaction(async () => {
        late = ended.then(() => realm.policies.put(policy('late')))
      })
      end()
      await expect(late).rejects.toThrow(TypeError)
      expect(await ids(realm)).toEqual([])
    })

    test('does not pretend to commit after a failed statement that was ignored', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const ignoring = store.transaction(async () => {
        await realm.policies.put(policy('a'))
        await realm.authenticators.add(sampleAuthenticator(sampleAccount().id)).catch(() => undefined) // no such account
      })
      await expect(ignoring).rejects.toThrow(TypeError)
      expect(await ids(realm)).toEqual([])
    })

    test('lets work outside of it stay when it rolls back, and never waits for itself', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      const failing = store.transaction(async () => {
        await realm.policies.put(policy('inside'))
        await store.outsideTransaction(() => realm.audit.append(sampleAuditRow()))
        await store.outsideTransaction(() => store.transaction(() => realm.audit.append(sampleAuditRow())))
        const lost = store.outsideTransaction(() =>
          store.transaction(async () => {
            await realm.audit.append(sampleAuditRow())
            throw new SyntaxError('this one rolled back by itself')
          }),
        )
        await expect(lost).rejects.toThrow(SyntaxError)
        await realm.policies.put(policy('inside too'))
        throw new RangeError('no')
      })
      await expect(failing).rejects.toThrow(RangeError)
      expect(await realm.audit.list({ limit: 10 })).toHaveLength(2)
      expect(await ids(realm)).toEqual([])
    })

    test('keeps both when work outside of it is followed by its commit', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      await store.transaction(async () => {
        await store.outsideTransaction(() => realm.audit.append(sampleAuditRow()))
        await realm.policies.put(policy('inside'))
      })
      expect(await realm.audit.list({ limit: 10 })).toHaveLength(1)
      expect(await ids(realm)).toEqual(['inside'])
    })

    test('does not run dry when every session holds one that needs another outside', async () => {
      const { store, newRealm } = opened()
      const realm = await newRealm()
      await Promise.all(
        Array.from({ length: 30 }, () =>
          store.transaction(async () => {
            await realm.policies.list()
            await store.outsideTransaction(() => realm.audit.append(sampleAuditRow()))
          }),
        ),
      )
      expect(await realm.audit.list({ limit: 100 })).toHaveLength(30)
    })
  })

  describe('removal of what expired', () => {
    test('takes only the expired, oldest first, and no more than the limit of each table', async () => {
      const { store, newRealm } = opened()
      await store.removeExpired(secondsAfter(1e9), 10_000)
      const realm = await newRealm()
      const client = sampleClient({ id: ClientId.of('c') })
      await realm.clients.add(client)
      for (let index = 0; index < 5; index += 1) {
        const expiresAt = secondsAfter(index)
        await realm.artifacts.upsert({ kind: 'Session', id: `${index}`, payload: {}, expiresAt, keys: {} })
        await realm.refreshTokens.start({
          handle: `${index}`,
          familyId: FamilyId.of(`${index}`),
          clientId: client.id,
          payload: {},
          issuedAt: sampleTime,
          expiresAt,
          familyEndsAt: secondsAfter(index + 1),
        })
        await realm.replay.claim('i', `${index}`, expiresAt)
      }
      expect(await store.removeExpired(secondsAfter(3), 2)).toBe(2 + 2 + 2 + 2)
      expect(await realm.artifacts.find('Session', '1')).toBeUndefined()
      expect(await realm.artifacts.find('Session', '2')).toBeDefined()
      expect(await store.removeExpired(secondsAfter(3), 2)).toBe(2 + 2 + 1 + 2)
      expect(await store.removeExpired(secondsAfter(3), 2)).toBe(0)
      expect(await realm.artifacts.find('Session', '4')).toBeDefined()
      expect(await realm.refreshTokens.find('4')).toBeDefined()
      expect(await realm.refreshTokens.family(FamilyId.of('3'))).toBeDefined()
      await expect(store.removeExpired(sampleTime, 0)).rejects.toThrow(TypeError)
    })

    test('empties answers of used tokens a minute after their time, and leaves the tokens', async () => {
      const { store, newRealm } = opened()
      await store.removeExpired(secondsAfter(1e9), 10_000)
      const realm = await newRealm()
      const client = sampleClient({ id: ClientId.of('c') })
      await realm.clients.add(client)
      for (const [handle, until] of [
        ['early', 10],
        ['late', 40],
      ] as const) {
        const token = { handle, familyId: FamilyId.of(handle), clientId: client.id, payload: {}, issuedAt: sampleTime }
        await realm.refreshTokens.start({ ...token, expiresAt: secondsAfter(9000), familyEndsAt: secondsAfter(9000) })
        await realm.refreshTokens.use(handle, sampleTime)
        const answer = { sealed: new Uint8Array(3000), request: 'r', until: secondsAfter(until) }
        await realm.refreshTokens.keepAnswer(handle, answer)
      }
      expect(await store.removeExpired(secondsAfter(69), 10)).toBe(0)
      expect(await store.removeExpired(secondsAfter(70), 10)).toBe(1)
      const [early, late] = [await realm.refreshTokens.find('early'), await realm.refreshTokens.find('late')]
      expect(early).toMatchObject({ usedAt: sampleTime })
      expect(early?.answer).toBeUndefined()
      expect(late?.answer?.sealed).toHaveLength(3000)
      expect(await store.removeExpired(secondsAfter(200), 10)).toBe(1)
      expect(await store.removeExpired(secondsAfter(200), 10)).toBe(0)
    })

    test('takes approvals, remembered browsers and mails when they end, and access passes a month later', async () => {
      const { store, newRealm } = opened()
      await store.removeExpired(secondsAfter(1e9), 10_000)
      const realm = await newRealm()
      const accounts = Array.from({ length: 3 }, () => sampleAccount())
      for (const [index, account] of accounts.entries()) {
        const expiresAt = secondsAfter(index + 1)
        await realm.accounts.add(account)
        await realm.approvals.put(sampleApproval(account.id, { id: `${index}`, expiresAt }))
        await realm.rememberedBrowsers.add(sampleRememberedBrowser(account.id, { expiresAt }))
        await realm.outbox.add(sampleMail({ id: `${index}`, expiresAt }))
        await realm.accessPasses.put(sampleAccessPass(account.id, { expiresAt }))
      }
      /** What is left of each account: approval, browser, mail, pass. */
      const left = async () => {
        const mails = await realm.outbox.take({ now: sampleTime, until: sampleTime, limit: 9 })
        const its = accounts.map(async ({ id }, index) => [
          await realm.approvals.find(id, `${index}`),
          (await realm.rememberedBrowsers.list(id, sampleTime))[0],
          mails.find((mail) => mail.id === `${index}`),
          await realm.accessPasses.find(id),
        ])
        return (await Promise.all(its)).map((one) => one.map((there) => there !== undefined))
      }
      const [all, pass, none] = [
        [true, true, true, true],
        [false, false, false, true],
        [false, false, false, false],
      ]
      expect(await store.removeExpired(secondsAfter(2), 1)).toBe(3)
      expect(await left()).toEqual([pass, all, all])
      expect(await store.removeExpired(secondsAfter(2), 10)).toBe(3)
      expect(await left()).toEqual([pass, pass, all])
      expect(await store.removeExpired(secondsAfter(30 * 86_400 + 2), 10)).toBe(3 + 2)
      expect(await left()).toEqual([none, none, pass])
    })

    test('forgets guesses at names that nobody has, and never open guesses at an account', async () => {
      const { store, newRealm } = opened()
      const { attempts } = await newRealm()
      const count = (subject: string, consecutive: number) =>
        attempts.update({ subject, method: 'password' }, () => ({
          next: { consecutive, inWindow: consecutive, windowStartedAt: sampleTime, disabled: false },
          result: undefined,
        }))
      const [guessed, quiet] = [`account:${randomUUID()}`, `account:${randomUUID()}`]
      await count(guessed, 4)
      await count(quiet, 0)
      await count('name:nobody', 4)
      const left = async () =>
        Promise.all(
          [guessed, quiet, 'name:nobody'].map(
            async (subject) => (await attempts.find({ subject, method: 'password' })) !== undefined,
          ),
        )
      await store.removeExpired(secondsAfter(24 * 3600), 100)
      expect(await left()).toEqual([true, true, true])
      await store.removeExpired(secondsAfter(400 * 24 * 3600), 100)
      expect(await left()).toEqual([true, false, false])
    })
  })

  describe('store', () => {
    test('answers a ping with the time of the database', async () => {
      const { store } = opened()
      expect(Math.abs((await store.ping()).getTime() - Date.now())).toBeLessThan(60_000)
      await store.transaction(() => store.ping())
    })

    test('holds nothing in the database that opens a door', async () => {
      const { connection, newRealm, store } = opened()
      const realm = await newRealm()
      const account = sampleAccount()
      const client = sampleClient()
      const secret = (what: string) => `SECRET-${what}-${randomUUID()}`
      const known = {
        id: secret('id'),
        uid: secret('uid'),
        userCode: secret('user-code'),
        payload: secret('payload'),
        handle: secret('handle'),
        successor: secret('successor'),
        refreshPayload: secret('refresh-payload'),
        jti: secret('jti'),
        seed: secret('seed'),
        mailTo: secret('mail-to'),
        mailSubject: secret('mail-subject'),
        mailText: secret('mail-text'),
        privateKey: secret('private-key'),
      }
      await realm.accounts.add(account)
      await realm.clients.add(client)
      const expiresAt = secondsAfter(1e6)
      await realm.artifacts.upsert({
        kind: 'Session',
        id: known.id,
        payload: { jti: known.id, cookie: known.payload },
        expiresAt,
        keys: known,
      })
      const token = { issuedAt: sampleTime, expiresAt, payload: { jti: known.handle, extra: known.refreshPayload } }
      await realm.refreshTokens.start({
        ...token,
        handle: known.handle,
        familyId: FamilyId.of('f'),
        clientId: client.id,
        familyEndsAt: expiresAt,
      })
      await realm.refreshTokens.succeed({ ...token, handle: known.successor, predecessor: known.handle })
      await realm.replay.claim('https://idp', known.jti, expiresAt)
      await realm.authenticators.add(sampleAuthenticator(account.id, { secret: Buffer.from(known.seed) }))
      await realm.signingKeys.add(sampleSigningKey({ privateKey: Buffer.from(known.privateKey) }))
      await realm.outbox.add(sampleMail({ to: known.mailTo, subject: known.mailSubject, text: known.mailText }))

      const tables = await connection.session((session) =>
        session.query(
          "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
        ),
      )
      const dump: string[] = []
      for (const { table_name: table } of tables) {
        const rows = await connection.session((session) => session.query(`select t::text as line from "${String(table)}" t`))
        dump.push(...rows.map(({ line }) => String(line)))
      }
      const text = dump.join('\n')
      expect(text).toContain(account.upn) // the dump does hold what is there
      expect(text).toContain('f')
      for (const [what, value] of Object.entries(known)) {
        const hex = Buffer.from(value).toString('hex')
        const base64 = Buffer.from(value).toString('base64url')
        expect({ what, found: [value, hex, base64].filter((form) => text.includes(form)) }).toEqual({ what, found: [] })
      }
      expect(await store.realm(realm.realmId).artifacts.find('Session', known.id)).toBeDefined()
    })

    test('refuses the id of a realm that is none', () => {
      expect(() => opened().store.realm('common' as RealmStore['realmId'])).toThrow(TypeError)
    })
  })
}

/** Needs a backend of its own: it closes it. */
export function closedContract(open: () => Promise<OpenBackend>): void {
  test('is unavailable after it was closed', async () => {
    const { store, newRealm, close } = await open()
    const realm = await newRealm()
    await close()
    await expect(store.ping()).rejects.toThrow(StorageUnavailable)
    await expect(realm.policies.list()).rejects.toThrow(StorageUnavailable)
    await expect(store.transaction(async () => undefined)).rejects.toThrow(StorageUnavailable)
  })
}
