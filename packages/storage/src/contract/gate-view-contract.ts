import { describe, expect, test } from 'vitest'
import type { Account } from '../ports/accounts.ts'
import type { AppPassword } from '../ports/app-passwords.ts'
import type { GateAccount, GateApp, GateAppPassword, MailApp } from '../ports/mail-apps.ts'
import type { OpenBackend } from './backend.ts'
import {
  sampleAccount,
  sampleAppPassword,
  sampleAuthenticationPolicy,
  sampleMailApp,
  sampleTime,
  secondsAfter,
} from './samples.ts'

const many = { most: 100 }

/** What the gate hears of an account; nobody is enforced here. */
const asked = ({ id, upn, address, displayName, groups, status }: Account): GateAccount => ({
  ...{ id, upn, address, displayName, groups, status },
  enforcement: { state: 'disabled' },
})
const askedOfApp = ({ id, label, state, decidedBy, lastSource }: MailApp): GateApp => ({
  ...{ id, label, state },
  ...(decidedBy !== undefined && { decidedBy }),
  ...(lastSource !== undefined && { lastSource }),
})
const askedOfAppPassword = ({
  lookup: _,
  createdBy: _by,
  lastSource: _from,
  lastProtocol: _in,
  ...rest
}: AppPassword): GateAppPassword => rest

/** What one look of the gate brings. */
export function gateViewContract(opened: () => OpenBackend): void {
  const setUp = async () => {
    const realm = await opened().newRealm()
    const mary = sampleAccount({ furtherAddresses: ['Mary.Further@contoso.com'] })
    await realm.accounts.add(mary)
    return { ...realm, mary, mine: (own: Partial<MailApp> = {}) => sampleMailApp(mary.id, own) }
  }

  describe('the view of the gate', () => {
    test('finds all that the gate asks about by any name of the account', async () => {
      const { mailApps, appPasswords, authenticationPolicies, accounts, passwords, mary, mine } = await setUp()
      const look = (name: string, identity = app.identity, lookup: string | undefined = own.lookup) =>
        mailApps.look({ name, identity, ...(lookup !== undefined && { lookup }) })
      const app = mine()
      const own = sampleAppPassword(mary.id, { networks: ['192.0.2.0/24'], expiresAt: secondsAfter(-1) })
      expect(await look(mary.upn)).toEqual({ account: asked(mary) })
      await mailApps.add(app, many)
      await appPasswords.add(own, many)
      await passwords.set(mary.id, { hash: 'hash', changedAt: sampleTime })
      await authenticationPolicies.put(sampleAuthenticationPolicy({ id: 'strict' }))
      await authenticationPolicies.assign(mary.id, 'strict')
      const account = {
        account: asked(mary),
        password: { hash: 'hash', changedAt: sampleTime },
        authenticationPolicyId: 'strict',
      }
      const [tile, secret] = [askedOfApp(app), askedOfAppPassword(own)]
      const all = { ...account, app: tile, appPassword: secret }
      for (const name of [mary.upn, mary.upn.toUpperCase(), 'mary.further@CONTOSO.com']) expect(await look(name)).toEqual(all)
      expect(Object.isFrozen(await look(mary.upn))).toBe(true)
      expect(await look(mary.upn, 'another')).toEqual({ ...account, appPassword: secret })
      expect(await mailApps.look({ name: mary.upn, identity: app.identity })).toEqual({ ...account, app: tile })
      expect(await look(mary.upn, 'another', 'another')).toEqual(account)
      const disabled = { ...mary, status: 'disabled' } as const
      await accounts.replace(disabled)
      expect(await look(mary.upn)).toEqual({ ...all, account: asked(disabled) })
      for (const name of ['nobody@contoso.com', '', 'a\0b', 'x'.repeat(100_000)]) expect(await look(name)).toBeUndefined()
    })

    test('does not mix up the apps and app passwords of two accounts', async () => {
      const { mailApps, appPasswords, accounts, mary, mine } = await setUp()
      const joe = sampleAccount()
      await accounts.add(joe)
      const app = mine({ identity: 'same' })
      const other = sampleMailApp(joe.id, { identity: 'same' })
      const [own, others] = [mary, joe].map(({ id }) => sampleAppPassword(id, { lookup: 'same' }))
      for (const one of [app, other]) expect(await mailApps.add(one, many)).toBe('added')
      for (const one of [own, others]) expect(one && (await appPasswords.add(one, many))).toBe('added')
      const question = { identity: 'same', lookup: 'same' }
      const viewOf = (account: Account, tile: MailApp, secret?: AppPassword) => ({
        account: asked(account),
        app: askedOfApp(tile),
        ...(secret && { appPassword: askedOfAppPassword(secret) }),
      })
      expect(await mailApps.look({ ...question, name: mary.upn })).toEqual(viewOf(mary, app, own))
      expect(await mailApps.look({ ...question, name: joe.upn })).toEqual(viewOf(joe, other, others))
      // Whoever asks at the same time may be read together, and each hears of what it asked about.
      const alone = viewOf(mary, app)
      const answers = await Promise.all(
        Array.from({ length: 3 }, () => [
          mailApps.look({ ...question, name: joe.upn }),
          mailApps.look({ ...question, name: 'nobody@contoso.com' }),
          mailApps.look({ name: mary.upn, identity: 'same' }),
          mailApps.look({ ...question, name: mary.upn }),
        ]).flat(),
      )
      const wanted = [viewOf(joe, other, others), undefined, alone, viewOf(mary, app, own)]
      expect(answers).toEqual([...wanted, ...wanted, ...wanted])
      expect(await mailApps.find(joe.id, app.id)).toBeUndefined()
      expect(await mailApps.rename(joe.id, app.id, 'New')).toBe(false)
      expect(await mailApps.remove(joe.id, app.id)).toBe(false)
      expect(await mailApps.find(mary.id, app.id)).toEqual(app)
    })
  })
}
