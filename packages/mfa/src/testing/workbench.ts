/**
 * workbench is what tests of factors stand on: a real store in PGlite, a clock that stands still, bytes that are the same in
 * every run, and a sender that keeps messages instead of sending them.
 * @module
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { Account, AccountId, Authenticator, AuthenticatorId, RealmStore } from '@postern/storage'
import type { OpenBackend } from '@postern/storage/contract'
import { createFactors, type Factors } from '../factors.ts'
import { type AttemptGate, createAttemptGate } from '../gate.ts'
import type { Occasion } from '../method.ts'
import { createMethods, type MethodParts } from '../methods.ts'
import type { Delivery, OutgoingMessage } from '../sms/message-sender.ts'

export const start = Date.parse('2026-03-01T12:00:00Z')

export interface Workbench {
  readonly opened: OpenBackend
  readonly realm: RealmStore
  readonly factors: Factors
  readonly gate: AttemptGate
  readonly clock: () => Date
  readonly random: (bytes: number) => Uint8Array
  readonly digest: MethodParts['digest']
  readonly newId: () => string
  /** Seconds since {@link start}. May be set. */
  seconds: number
  /** What was handed to the sender, oldest first. */
  readonly messages: OutgoingMessage[]
  /** What becomes of the next messages. May be set. */
  delivery: Delivery
  /** Who is signed in elsewhere. May be changed. */
  readonly signedIn: Set<AccountId>
  /** Everything told of messages. */
  readonly told: unknown[]
  newAccount(): Promise<AccountId>
  occasion(accountId: AccountId, own?: Partial<Occasion>): Occasion
  /** An active authenticator, without enrolment. */
  bind(accountId: AccountId, own: Partial<Authenticator> & Pick<Authenticator, 'method' | 'secret'>): Promise<Authenticator>
  /** The code in the last message, or in another one counted from the end. */
  codeSent(fromEnd?: number): string
  close(): Promise<void>
}

/** Both are handed in: only test files may open a store. */
export async function openWorkbench(opened: OpenBackend, newAccount: () => Account): Promise<Workbench> {
  const realm = await opened.newRealm()
  const clock = () => new Date(start + bench.seconds * 1000)
  // The store's own time is that of the bench.
  Object.defineProperty(opened.clock, 'now', { get: clock })
  let drawn = 0
  const random = (bytes: number): Uint8Array => {
    drawn += 1
    const stream = createHash('shake256', { outputLength: bytes }).update(`draw ${drawn}`).digest()
    return new Uint8Array(stream)
  }
  const digest: MethodParts['digest'] = (what, ...values) =>
    new Uint8Array(
      createHmac('sha256', 'a key for tests')
        .update(JSON.stringify([what, ...values]))
        .digest(),
    )
  const gate = createAttemptGate({ clock })
  const messages: OutgoingMessage[] = []
  const told: unknown[] = []
  const signedIn = new Set<AccountId>()
  const methods = createMethods({
    clock,
    random,
    digest,
    relyingParty: { id: 'sts.contoso.com', origins: ['https://sts.contoso.com'] },
    messages: {
      async send(message) {
        messages.push(message)
        return bench.delivery
      },
    },
    signedInElsewhere: async (_realm, accountId) => signedIn.has(accountId),
    async messageSent({ occasion: _occasion, ...sent }) {
      told.push(sent)
    },
  })

  const bench: Workbench = {
    opened,
    realm,
    factors: createFactors({ clock, random, gate, methods }),
    gate,
    clock,
    random,
    digest,
    newId: randomUUID,
    seconds: 0,
    messages,
    delivery: { outcome: 'accepted', sender: 'test' },
    signedIn,
    told,
    async newAccount() {
      const account = newAccount()
      await realm.accounts.add(account)
      return account.id
    },
    occasion: (accountId, own = {}) => ({
      realm,
      accountId,
      settings: {},
      attempt: 'uid of one sign-in',
      language: 'en',
      issuerName: 'Contoso',
      accountName: 'mary@contoso.com',
      ...own,
    }),
    async bind(accountId, own) {
      const authenticator: Omit<Authenticator, 'isDefault'> = {
        id: randomUUID() as AuthenticatorId, // made here, so it names no other kind of thing
        accountId,
        label: 'Phone',
        state: 'active',
        detail: {},
        createdAt: clock(),
        ...own,
      }
      await realm.authenticators.add(authenticator)
      return { ...authenticator, isDefault: false }
    },
    codeSent(fromEnd = 1) {
      const code = messages.at(-fromEnd)?.text.match(/\b\d{6}\b/)?.[0]
      if (code === undefined) throw new TypeError('no code was sent')
      return code
    },
    close: () => opened.close(),
  }
  return bench
}
