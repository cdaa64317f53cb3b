/**
 * audit writes down what was decided, and is the only one who does.
 *
 * It owns the closed list of events and what each may tell, so that no secret gets in (R134). It does not own where rows
 * are kept (storage), reading them (admin), or the log of the process. The caller records before the answer leaves.
 * @module
 */
import type { AuditRow, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { type AuditEvent, type DetailKind, events } from './events.ts'

export { type AuditEvent, events } from './events.ts'

export interface Audit {
  /**
   * Appends one row, in the transaction of the caller if there is one. Whatever it throws, the caller must issue nothing (R133).
   *
   * `id` members must be identifiers, and never a token. A `word` that is none is kept as `[other]`: it comes from a request.
   * A `text` is kept on one line and at most 500 characters long, with everything that looks like a token taken out.
   * Does NOT recognise a password or a short code in a text: no event has a member for what was typed.
   * @throws {TypeError} for an event or a member that the table does not know, or one of the wrong kind. Nothing is written then.
   */
  record(realm: RealmStore, event: AuditEvent): Promise<void>
  /** The row that {@link record} would append, for a statement that writes it together with what it tells of. Throws alike. */
  toRow(event: AuditEvent): AuditRow
}

export function createAudit({ clock, newId }: { clock: Clock; newId: () => string }): Audit {
  const toRow: Audit['toRow'] = (happened) => {
    const { event, reference, accountId, clientId, actor, source } = happened
    return {
      id: newId(),
      at: clock(),
      event,
      outcome: definitionOf(event).outcome,
      reference: admit.id('reference', reference),
      ...(accountId !== undefined && { accountId: admit.id('accountId', accountId) }),
      ...(clientId !== undefined && { clientId: admit.text('clientId', clientId) }),
      ...(actor !== undefined && { actor: admit.text('actor', actor) }),
      ...(source !== undefined && { source: admit.text('source', source) }),
      detail: admitDetail(event, happened.detail),
    }
  }
  return Object.freeze({
    toRow,
    record: async (realm, happened) => realm.audit.append(toRow(happened)),
  } satisfies Audit)
}

const definitionOf = (event: string) => {
  if (!Object.hasOwn(events, event)) throw new TypeError(`There is no audit event "${event}".`)
  return events[event as keyof typeof events] // the line above looked
}

function admitDetail(event: string, detail: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const fields: Readonly<Record<string, string>> = definitionOf(event).detail
  for (const name of Object.keys(detail)) {
    if (!Object.hasOwn(fields, name)) throw new TypeError(`The audit event "${event}" has no member "${name}".`)
  }
  const admitted = Object.entries(fields).flatMap(([name, field]) => {
    const value = detail[name]
    if (value === undefined && field.endsWith('?')) return []
    const kind = field.replace('?', '') as DetailKind // the table is typed so
    return [[name, admit[kind](`${event}.${name}`, value)] as const]
  })
  return Object.freeze(Object.fromEntries(admitted))
}

const admit = {
  id: (name: string, value: unknown): string => {
    const text = requireString(name, value)
    if (!/^[\w.:~-]{1,128}$/.test(text) || looksLikeToken.test(text)) throw new TypeError(`${name} is not an identifier.`)
    return text
  },
  word: (name: string, value: unknown): string => {
    const text = requireString(name, value)
    return /^[\w.:/-]{1,100}$/.test(text) ? withoutTokens(text) : '[other]'
  },
  text: (name: string, value: unknown): string => {
    const start = requireString(name, value).slice(0, 4000)
    const line = isPlain.test(start) ? start : start.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    return withoutTokens(line).slice(0, 500)
  },
  flag: (name: string, value: unknown): boolean => {
    if (typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean.`)
    return value
  },
  count: (name: string, value: unknown): number => {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${name} must be a whole number.`)
    return value as number // isSafeInteger takes anything and is true for numbers only
  },
  time: (name: string, value: unknown): string => {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new TypeError(`${name} must be a Date.`)
    return value.toISOString()
  },
} satisfies Record<DetailKind, (name: string, value: unknown) => unknown>

const requireString = (name: string, value: unknown): string => {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string.`)
  return value
}

/** Printable ASCII: nothing in it could end a line or hide. */
const isPlain = /^[\x20-\x7e]*$/

/** The compact form of a JWT or JWE, whole or cut off: its header is a JSON object in base64url. */
const looksLikeToken = /eyJ[\w-]{5,}\.[\w.-]*/
const everyToken = new RegExp(looksLikeToken, 'g')

/** Opaque tokens, codes and client secrets are runs of 40 and more such characters; a UUID is 36 long and stays. */
const withoutTokens = (text: string): string => text.replaceAll(everyToken, '[token]').replaceAll(/[\w+/=-]{40,}/g, maskRun)

/** A path of a URL may be long too, and has slashes between short parts. */
const maskRun = (run: string): string => (run.split('/').some((part) => part.length >= 40) ? '[token]' : run)
