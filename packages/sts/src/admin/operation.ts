/**
 * admin is what administrators can do, each thing declared once as an operation.
 *
 * It owns the operations and the phases that all of them share: check the input, run in one transaction (again where it
 * had to give way to another), record who changed what. Operations know neither the command line nor HTTP; both are read off their declarations
 * (`commands.ts` does the command line). It does not decide who is an administrator.
 * @module
 */
import type { AccessPasses, FactorLife } from '@postern/mfa'
import type { MetadataDocument } from '@postern/resource-server'
import type { Account, AccountId, ClientId, Realm, RealmStore, SigningKey, Store } from '@postern/storage'
import { z } from 'zod'
import type { AuditEvent } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import type { Notice } from '../delivery/delivery.ts'
import type { RefreshOutcome } from '../partners/partners.ts'
import type { MailReasonCode } from '../policy/mail/mail-access.ts'
import { type OperationErrorCode, OperationRefused } from './errors.ts'

/** What an operation may use. */
export interface AdminPorts {
  readonly store: Pick<Store, 'realms' | 'realm' | 'transaction'>
  readonly clock: Clock
  /** A new UUID. */
  readonly newId: () => string
  readonly random: (bytes: number) => Uint8Array
  readonly newSigningKey: (wanted: {
    algorithm: 'RS256' | 'ES256'
    commonName: string
    now: Date
    signsFrom?: Date
  }) => Promise<SigningKey>
  readonly passwords: {
    setPassword(
      realm: RealmStore,
      accountId: AccountId,
      password: string,
    ): Promise<'set' | { readonly refused: 'too_short' | 'too_common' | 'too_long' }>
  }
  readonly factors: Pick<FactorLife, 'reset' | 'unlock'>
  readonly passes: Pick<AccessPasses, 'give'>
  /** Reads the metadata of a partner now and follows it, in a transaction of its own with its audit row. */
  readonly readPartner: (realm: RealmStore, clientId: ClientId) => Promise<RefreshOutcome>
  /**
   * Reads a metadata document that an administrator has named, from one of these hosts (`name` or `name:port`) only. Changes
   * nothing. Throws a `DiscoveryError` for what the other side does.
   */
  readonly readMetadata: (url: string, options: { allowHosts: readonly string[] }) => Promise<MetadataDocument>
  /** Hosts (`name` or `name:port`) whose metadata this service reads by itself. */
  readonly partnerHosts: readonly string[]
  /** How the gate words a refusal for mail servers. `undefined`: not known here. */
  readonly renderRefusal: ((refused: MailRefusal) => ToldRefusal) | undefined
  /** Tells a person by e-mail, in the surrounding transaction, what was done to their account (R107, R121). */
  readonly tell: (realm: RealmStore, account: Account, notice: Notice) => Promise<void>
  /** What its tokens name as their issuer. `undefined`: the base URL is not known here. */
  readonly issuerOf: (realm: Realm['id']) => string | undefined
  /** Writes an audit row of what an operation did to one account, beside the one that every change has. */
  readonly record: (realm: RealmStore, event: AuditEvent) => Promise<void>
  /** Writes the audit row of a change; throws when it cannot, and then nothing is changed (R133). */
  readonly recordChange: (realm: RealmStore, change: AdminChange) => Promise<void>
}

/** A mail app that is not let in. */
export interface MailRefusal {
  readonly reason: MailReasonCode
  readonly appPasswordHelps: boolean
  /** A token would be taken. */
  readonly modernHelps: boolean
  readonly portal: string
  readonly realmName: string
  /** Names the request, for the answer that asks for an app password. */
  readonly request: string
}

export interface ToldRefusal {
  readonly text: string
  readonly refusal: Readonly<{
    http: Readonly<{ status: number; headers: Readonly<Record<string, string>> }>
    imap: string
    pop: string
    smtp: string
    sieve: string
  }>
}

export interface RealmPorts extends AdminPorts {
  readonly realm: Realm
  /** What the realm keeps. */
  readonly kept: RealmStore
}

export interface AdminChange {
  readonly operation: string
  /** What was changed, e.g. a UPN or a client id. Never a secret. */
  readonly subject: string
  readonly actor: string
  readonly reference: string
}

/** One call of an operation. */
export interface OperationCall {
  readonly input: unknown
  /** Needed by the operations of scope `realm`. */
  readonly realm?: Realm
  /** Who asks, for the audit trail. */
  readonly actor: string
  /** Correlation id, equal in log and audit trail. */
  readonly reference: string
  /** Told now and then by what takes long, the last time with `done` equal to `total`. */
  readonly progress?: (done: number, total: number) => void
}

/** What `run` knows of the call beside the input. */
export interface Running {
  readonly actor: string
  readonly reference: string
  readonly progress: (done: number, total: number) => void
  /**
   * Of an operation that works in batches: does `work` in a transaction of its own, with the audit row of the change, and
   * begins it again where it had to give way. Of all others: does `work`, for they are in one transaction as a whole.
   */
  readonly batch: <T>(subject: string, work: () => Promise<T>) => Promise<T>
}

/** What a person reads instead of a table. */
export interface Presented {
  readonly text: string
  /** Said apart from the text, which may go into a file. */
  readonly note?: string
  /** Something of what was wanted was refused: not all is done. */
  readonly incomplete?: boolean
}

type Scope = 'service' | 'realm'

interface Declaration<Where extends Scope, Input extends z.ZodObject, Output extends z.ZodType> {
  /** `<noun>.<verb>`. */
  readonly name: string
  readonly summary: string
  /** `realm`: works in one realm, which the caller names. */
  readonly scope: Where
  /** What is given by place on a command line; the rest by name. */
  readonly positional?: readonly (keyof z.input<Input> & string)[]
  readonly input: Input
  readonly output: Output
  /** Members that a table shows, in order. Default: all. */
  readonly columns?: readonly string[]
  /** The member that is printed bare, for use in a pipe. */
  readonly prints?: string
  /** Pure. Where a table would say it badly: what is printed instead. */
  readonly present?: (output: z.output<Output>) => Presented
  /** What is still to be done for it to be of use, for whoever reads it on a terminal. */
  readonly next?: (output: z.output<Output>) => string | undefined
  readonly errors: readonly OperationErrorCode[]
  /** Too long for one transaction: it commits by {@link Running.batch}, and what was committed stays whatever comes after. */
  readonly inBatches?: true
  /** Offered on the service's own machine only, never over HTTP (R122: an administrator far away does not choose passwords). */
  readonly localOnly?: true
  /** Present: it changes something. Says what, and for scope `service` in which realm. */
  readonly changed?: (done: { input: z.output<Input>; output: z.output<Output> }) => {
    readonly subject: string
    readonly realm?: string
  }
  readonly run: (given: {
    input: z.output<Input>
    at: Where extends 'realm' ? RealmPorts : AdminPorts
    running: Running
  }) => Promise<z.input<Output>>
}

export interface Operation {
  readonly name: string
  readonly noun: string
  readonly verb: string
  readonly summary: string
  readonly scope: Scope
  readonly changes: boolean
  readonly localOnly: boolean
  readonly positional: readonly string[]
  readonly input: z.ZodObject
  readonly output: z.ZodType
  readonly columns: readonly string[] | undefined
  readonly prints: string | undefined
  /** `undefined`: as a table. Of what `execute` gave. */
  present(output: unknown): Presented | undefined
  /** What is still to be done; of what `execute` gave. */
  next(output: unknown): string | undefined
  readonly errors: readonly OperationErrorCode[]
  /**
   * Checks the input strictly, runs, and records the change, the last two in one transaction. Where the database makes that
   * transaction give way to others, it begins again from the start, three times at most. Does NOT ask whether the actor may
   * do this: the caller has. To be called outside of a transaction, for inside of one there is nothing to begin again.
   * @throws {OperationRefused}
   */
  execute(ports: AdminPorts, call: OperationCall): Promise<unknown>
}

/** Declares an operation. CLI, HTTP and reference are read off the value. */
export function operation<Where extends Scope, Input extends z.ZodObject, Output extends z.ZodType>(
  declared: Declaration<Where, Input, Output>,
): Operation {
  const [noun = '', verb = ''] = declared.name.split('.')
  return Object.freeze({
    name: declared.name,
    noun,
    verb,
    summary: declared.summary,
    scope: declared.scope,
    changes: declared.changed !== undefined,
    localOnly: declared.localOnly ?? false,
    positional: Object.freeze([...(declared.positional ?? [])]),
    input: declared.input,
    output: declared.output,
    columns: declared.columns,
    prints: declared.prints,
    present: (output: unknown) => declared.present?.(output as z.output<Output>), // what `execute` gave
    next: (output: unknown) => declared.next?.(output as z.output<Output>), // what `execute` gave
    errors: Object.freeze([...declared.errors]),
    async execute(ports: AdminPorts, call: OperationCall) {
      const input = parseInput(declared.input, call.input)
      const at = declared.scope === 'realm' ? inRealm(ports, call) : ports
      const record = (subject: string, realmId: Realm['id'] | undefined) => {
        if (realmId === undefined) throw new TypeError(`${declared.name} does not say which realm it changed`)
        const { actor, reference } = call
        return ports.recordChange(ports.store.realm(realmId), { operation: declared.name, subject, actor, reference })
      }
      const running: Running = Object.freeze({
        actor: call.actor,
        reference: call.reference,
        progress: call.progress ?? (() => undefined),
        batch: <T>(subject: string, work: () => Promise<T>) =>
          declared.inBatches
            ? transact(ports.store, async () => {
                const result = await work()
                await record(subject, call.realm?.id)
                return result
              })
            : work(),
      })
      const perform = async () => {
        // `at` has what `Where` promises: the line above chose it by the same value.
        const output = declared.output.parse(
          await declared.run({ input, at: at as Where extends 'realm' ? RealmPorts : AdminPorts, running }),
        )
        if (declared.changed !== undefined && !declared.inBatches) {
          const { subject, realm } = declared.changed({ input, output })
          // An operation of scope `service` names a realm's id.
          await record(subject, call.realm?.id ?? (realm as Realm['id'] | undefined))
        }
        return output
      }
      try {
        const isOneTransaction = declared.changed !== undefined && !declared.inBatches
        return isOneTransaction ? await transact(ports.store, perform) : await perform()
      } catch (error) {
        if (error instanceof OperationRefused && !declared.errors.includes(error.code)) {
          throw new TypeError(`${declared.name} refuses with "${error.code}", which it does not declare`, { cause: error })
        }
        throw error
      }
    },
  })
}

/**
 * Runs the whole transaction again where it had to give way (deadlock, serialisation failure): whoever is being stopped
 * must not keep an administrator from it by being busy. What was rolled back left nothing, so each try is the first.
 */
async function transact<T>(store: AdminPorts['store'], perform: () => Promise<T>): Promise<T> {
  for (let triesLeft = 3; ; triesLeft -= 1) {
    try {
      return await store.transaction(perform)
    } catch (error) {
      if (triesLeft === 0 || !gaveWay(error)) throw error
    }
  }
}

/** By the name of the error's class, because only compose.ts may know the classes of storage. */
const gaveWay = (error: unknown): boolean =>
  error instanceof Error && error.name === 'StorageUnavailable' && 'reason' in error && error.reason === 'contention'

/** The input as an operation takes it. @throws {OperationRefused} `invalid` */
export function parseInput<Input extends z.ZodObject>(schema: Input, raw: unknown): z.output<Input> {
  const parsed = z.strictObject(schema.shape).safeParse(raw, { error: wordsOf })
  // The strict twin has the same shape, so it has the same output.
  if (parsed.success) return parsed.data as z.output<Input>
  const members = parsed.error.issues.map(({ path: [member = ''], message }) => ({ member: String(member), message }))
  throw new OperationRefused('invalid', '', { members, cause: parsed.error })
}

/** For what a member of the input does not say itself. Pure. */
function wordsOf(issue: z.core.$ZodRawIssue): string {
  const of = issue.origin === 'string' ? ' characters' : ''
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'must be given' : `must be of type ${issue.expected}`
    case 'too_small':
      return `must be at least ${issue.minimum}${of}`
    case 'too_big':
      return `must be at most ${issue.maximum}${of}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'unrecognized_keys':
      return `there is no ${issue.keys.join(', ')} here`
    default:
      return 'is not in the form that it must have'
  }
}

function inRealm(ports: AdminPorts, call: OperationCall): RealmPorts {
  if (call.realm === undefined) throw new TypeError('This operation works in a realm, and none was named')
  return Object.freeze({ ...ports, realm: call.realm, kept: ports.store.realm(call.realm.id) })
}
