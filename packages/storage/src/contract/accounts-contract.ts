import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AccountId, ClientId, FamilyId } from '../identifiers.ts'
import type { Account, AccountStore } from '../ports/accounts.ts'
import type { OpenBackend } from './backend.ts'
import {
  sampleAccessPass,
  sampleAccount,
  sampleAppPassword,
  sampleApproval,
  sampleAuthenticationPolicy,
  sampleAuthenticator,
  sampleClient,
  sampleMail,
  sampleMailApp,
  sampleRememberedBrowser,
  sampleTime,
  secondsAfter,
  someBytes,
} from './samples.ts'

async function addTo(accounts: AccountStore): Promise<Account> {
  const account = sampleAccount()
  await accounts.add(account)
  return account
}

export function accountsContract(opened: () => OpenBackend): void {
  describe('accounts', () => {
    test('gives back an account as it was added, frozen', async () => {
      const { accounts } = await opened().newRealm()
      const account = sampleAccount({
        furtherAddresses: ['Sales@contoso.com', 'x@contoso.com'],
        phone: '+4915112345678',
        groups: ['a', 'b,"c"'],
      })
      expect(await accounts.add(account)).toBe('added')
      const found = await accounts.find(account.id)
      expect(found).toEqual(account)
      expect(Object.isFrozen(found)).toBe(true)
    })

    test('leaves out what an account does not have', async () => {
      const { accounts } = await opened().newRealm()
      const account = sampleAccount()
      await accounts.add(account)
      expect(Object.keys((await accounts.find(account.id)) ?? {})).not.toContain('phone')
    })

    test('finds by UPN and by every address, without regard to case', async () => {
      const { accounts } = await opened().newRealm()
      const account = sampleAccount({
        upn: 'Mary@Contoso.com',
        address: 'm.smith@contoso.com',
        furtherAddresses: ['Müller@contoso.com'],
      })
      await accounts.add(account)
      for (const name of ['mary@contoso.COM', 'M.Smith@contoso.com', 'MÜLLER@contoso.com', 'mu\u0308ller@contoso.com']) {
        expect((await accounts.findByName(name))?.id).toBe(account.id)
      }
    })

    test('misses on names and ids that nobody has, however strange', async () => {
      const { accounts } = await opened().newRealm()
      for (const name of ['', 'nobody@contoso.com', 'a\0b', '\ud800', "' or true --"])
        expect(await accounts.findByName(name)).toBeUndefined()
      for (const id of [randomUUID(), '', 'not-a-uuid', 'a\0b']) expect(await accounts.find(AccountId.of(id))).toBeUndefined()
    })

    test.each(['id', 'upn', 'address', 'further address', 'UPN that is an address of another'])(
      'refuses a taken %s and adds nothing',
      async (what) => {
        const { accounts } = await opened().newRealm()
        const first = sampleAccount({ furtherAddresses: ['further@contoso.com'] })
        await accounts.add(first)
        const second = sampleAccount({
          ...(what === 'id' && { id: first.id }),
          ...(what === 'upn' && { upn: first.upn.toUpperCase() }),
          ...(what === 'address' && { address: first.address.toUpperCase() }),
          ...(what === 'further address' && { furtherAddresses: ['new@contoso.com', 'FURTHER@contoso.com'] }),
          ...(what === 'UPN that is an address of another' && { upn: 'Further@contoso.com' }),
        })
        expect(await accounts.add(second)).toBe('conflict')
        expect(await accounts.findByName('new@contoso.com')).toBeUndefined()
        expect(await accounts.list({ limit: 10 })).toEqual([first])
      },
    )

    test('does not spoil the surrounding transaction by a conflict', async () => {
      const { store, newRealm } = opened()
      const { accounts } = await newRealm()
      const first = sampleAccount()
      const second = sampleAccount()
      await store.transaction(async () => {
        await accounts.add(first)
        expect(await accounts.add(sampleAccount({ furtherAddresses: [first.upn] }))).toBe('conflict')
        await accounts.add(second)
      })
      expect(await accounts.list({ limit: 10 })).toHaveLength(2)
    })

    test('lists in order of UPN, page by page', async () => {
      const { accounts } = await opened().newRealm()
      for (const name of ['c', 'A', 'b', 'D']) await accounts.add(sampleAccount({ upn: `${name}@contoso.com` }))
      const first = await accounts.list({ limit: 3 })
      expect(first.map(({ upn }) => upn[0])).toEqual(['A', 'b', 'c'])
      const rest = await accounts.list({ limit: 3, after: first[2]?.upn ?? '' })
      expect(rest.map(({ upn }) => upn[0])).toEqual(['D'])
    })

    test('searches in UPN, addresses and display name, and takes the text to the letter', async () => {
      const { accounts } = await opened().newRealm()
      const percent = sampleAccount({ displayName: '100% Mary' })
      const further = sampleAccount({ displayName: 'Joe', furtherAddresses: ['sales@contoso.com'] })
      await accounts.add(percent)
      await accounts.add(further)
      const search = async (text: string) => (await accounts.list({ limit: 10, search: text })).map(({ id }) => id)
      expect(await search('mary')).toEqual([percent.id])
      expect(await search('0% M')).toEqual([percent.id])
      expect(await search('SALES')).toEqual([further.id])
      expect(await search('_')).toEqual([])
      expect(await search('a\0')).toEqual([])
    })

    test('replaces the whole record and gives free the names that it had', async () => {
      const { accounts } = await opened().newRealm()
      const before = sampleAccount({ phone: '+491', furtherAddresses: ['old@contoso.com'] })
      await accounts.add(before)
      const after = sampleAccount({
        id: before.id,
        furtherAddresses: [before.upn],
        status: 'disabled',
        updatedAt: secondsAfter(5),
      })
      expect(await accounts.replace(after)).toBe('replaced')
      expect(await accounts.find(before.id)).toEqual(after)
      expect(await accounts.findByName('old@contoso.com')).toBeUndefined()
      expect((await accounts.findByName(before.upn))?.id).toBe(before.id)
      expect(await accounts.add(sampleAccount({ upn: 'old@contoso.com' }))).toBe('added')
    })

    test('remembers the latest moment at which an account was signed out, in its own realm, and keeps it when the record is replaced', async () => {
      const { accounts } = await opened().newRealm()
      const { accounts: foreign } = await opened().newRealm()
      const account = sampleAccount()
      await accounts.add(account)
      expect(await accounts.signOut(account.id, secondsAfter(10))).toBe(true)
      expect(await accounts.signOut(account.id, secondsAfter(5))).toBe(true)
      expect(await foreign.signOut(account.id, secondsAfter(20))).toBe(false)
      await accounts.replace({ ...account, displayName: 'Other' })
      expect((await accounts.find(account.id))?.signedOutAt).toEqual(secondsAfter(10))
      expect((await accounts.findByName(account.upn))?.signedOutAt).toEqual(secondsAfter(10))
    })

    test('lets one holder at a time decide about an account: of twelve who each take a factor unless it is the last, one finds it so', async () => {
      const { store, newRealm } = opened()
      const { accounts, authenticators } = await newRealm()
      const { id: accountId } = await addTo(accounts)
      const own = Array.from({ length: 12 }, () => sampleAuthenticator(accountId, { credentialId: randomUUID() }))
      for (const one of own) await authenticators.add(one)
      const taken = await Promise.all(
        own.map(({ id }) =>
          store.transaction(async () => {
            expect(await accounts.hold(accountId)).toBe(true)
            return (await authenticators.list(accountId)).length > 1 && authenticators.remove(id)
          }),
        ),
      )
      expect(taken.filter((one) => !one)).toHaveLength(1)
      expect(await authenticators.list(accountId)).toHaveLength(1)
    })

    test('holds no account that is not there, or is of another realm', async () => {
      const { accounts } = await opened().newRealm()
      const { accounts: foreign } = await opened().newRealm()
      const { id } = await addTo(foreign)
      for (const one of [id, randomUUID(), '', 'not-a-uuid', 'a\0b']) expect(await accounts.hold(AccountId.of(one))).toBe(false)
    })

    test('replaces nothing when a name is taken or the account is missing', async () => {
      const { accounts } = await opened().newRealm()
      const mary = sampleAccount({ furtherAddresses: ['keep@contoso.com'] })
      const joe = sampleAccount()
      await accounts.add(mary)
      await accounts.add(joe)
      expect(await accounts.replace({ ...mary, furtherAddresses: [joe.upn] })).toBe('conflict')
      expect(await accounts.replace({ ...mary, upn: joe.upn })).toBe('conflict')
      expect(await accounts.find(mary.id)).toEqual(mary)
      expect((await accounts.findByName('keep@contoso.com'))?.id).toBe(mary.id)
      expect(await accounts.replace(sampleAccount())).toBe('missing')
    })

    test('removes an account with everything that belongs to it, and nothing else', async () => {
      const realm = await opened().newRealm()
      const mary = sampleAccount()
      const joe = sampleAccount()
      const client = sampleClient({ id: ClientId.of('mail') })
      const policy = sampleAuthenticationPolicy()
      await realm.clients.add(client)
      await realm.authenticationPolicies.put(policy)
      for (const account of [mary, joe]) {
        await realm.accounts.add(account)
        await realm.passwords.set(account.id, { hash: '$argon2id$', changedAt: sampleTime })
        await realm.authenticators.add(sampleAuthenticator(account.id))
        await realm.recoveryCodes.replace(account.id, { digests: [someBytes(32)], at: sampleTime })
        await realm.accessPasses.put(sampleAccessPass(account.id))
        await realm.approvals.put(sampleApproval(account.id))
        await realm.rememberedBrowsers.add(sampleRememberedBrowser(account.id))
        await realm.outbox.add(sampleMail({ accountId: account.id }))
        await realm.mailApps.add(sampleMailApp(account.id), { most: 9 })
        await realm.appPasswords.add(sampleAppPassword(account.id), { most: 9 })
        await realm.authenticationPolicies.assign(account.id, policy.id)
        await realm.attempts.update({ subject: `account:${account.id}`, method: 'totp' }, () => ({
          next: { consecutive: 1, inWindow: 1, windowStartedAt: sampleTime, disabled: false },
          result: undefined,
        }))
        const at = { issuedAt: sampleTime, expiresAt: secondsAfter(60) }
        await realm.artifacts.upsert({
          kind: 'Session',
          id: account.id,
          payload: {},
          expiresAt: at.expiresAt,
          keys: { accountId: account.id },
        })
        await realm.refreshTokens.start({
          ...at,
          handle: account.id,
          familyId: FamilyId.of(account.id),
          accountId: account.id,
          clientId: client.id,
          payload: {},
          familyEndsAt: at.expiresAt,
        })
      }
      const left = async ({ id }: { id: AccountId }) => [
        await realm.accounts.find(id),
        await realm.passwords.find(id),
        (await realm.authenticators.list(id))[0],
        await realm.recoveryCodes.count(id),
        await realm.accessPasses.find(id),
        (await realm.approvals.listWaiting(id, sampleTime))[0],
        (await realm.rememberedBrowsers.list(id, sampleTime))[0],
        (await realm.outbox.take({ now: sampleTime, until: sampleTime, limit: 10 })).find(({ accountId }) => accountId === id),
        (await realm.mailApps.list(id))[0],
        (await realm.appPasswords.list(id))[0],
        await realm.authenticationPolicies.assigned(id),
        await realm.attempts.find({ subject: `account:${id}`, method: 'totp' }),
        await realm.artifacts.find('Session', id),
        await realm.refreshTokens.find(id),
        await realm.refreshTokens.family(FamilyId.of(id)),
      ]
      expect(await realm.accounts.remove(mary.id)).toBe(true)
      expect((await left(mary)).every((one) => one === undefined)).toBe(true)
      expect((await left(joe)).every((one) => one !== undefined)).toBe(true)
      expect(await realm.accounts.remove(mary.id)).toBe(false)
    })

    test('keeps realms apart', async () => {
      const one = await opened().newRealm()
      const other = await opened().newRealm()
      const account = sampleAccount()
      await one.accounts.add(account)
      expect(await other.accounts.find(account.id)).toBeUndefined()
      expect(await other.accounts.findByName(account.upn)).toBeUndefined()
      expect(await other.accounts.list({ limit: 10 })).toEqual([])
      expect(await other.accounts.replace(account)).toBe('missing')
      expect(await other.accounts.remove(account.id)).toBe(false)
      expect(await other.accounts.add(account)).toBe('added')
      await other.accounts.remove(account.id)
      expect(await one.accounts.find(account.id)).toEqual(account)
    })
  })
}
