/**
 * gate-answer reads what the gate answered, strictly: a decision of the closed list and a refusal that a header can carry, or nothing.
 *
 * Pure. Whatever is odd about an answer makes it no answer, and no answer lets nobody in.
 * @module
 */
import { type JsonObject, type JsonValue, parseStrictObject } from '../strict-json.ts'
import type { GatedAccount, GatedApp } from './legacy-auth-contract.ts'

export type GateAnswer = Readonly<
  | { decision: 'allow'; account: GatedAccount; app?: GatedApp }
  | {
      decision: 'pending' | 'blocked' | 'denied'
      reason: string
      text: string
      reference?: string
      status: 401 | 403 | 456 | 503
      headers: readonly (readonly [name: string, value: string])[]
      offersBasic: boolean
    }
>

const statuses = [401, 403, 456, 503] as const
const decisions = ['pending', 'blocked', 'denied'] as const
/** Headers of a refusal that are handed on, as they are spelled to apps. Others are left out: a newer gate may know more. */
const handedOn = new Map([
  ['x-autodiscovery-error', 'X-AutoDiscovery-Error'],
  ['x-ms-diagnostics', 'x-ms-diagnostics'],
  ['retry-after', 'Retry-After'],
])
const longestHeader = 1024
const mostHeaders = 32

class Unreadable extends Error {}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  if (!isObject(value)) throw new Unreadable(`${what} is not an object`)
  return value
}

/** A string without control characters. */
function textOf(value: JsonValue | undefined, what: string, longest: number): string {
  if (typeof value !== 'string' || value === '' || value.length > longest || /\p{Cc}/u.test(value))
    throw new Unreadable(`${what} is not a short text`)
  return value
}

function readAccount(value: JsonValue | undefined): GatedAccount {
  const { id, upn, mailbox } = objectOf(value, 'account')
  return Object.freeze({
    id: textOf(id, 'account.id', 255),
    upn: textOf(upn, 'account.upn', 320),
    mailbox: textOf(mailbox, 'account.mailbox', 320),
  })
}

function readApp(value: JsonValue | undefined): GatedApp {
  const { id, label, state } = objectOf(value, 'app')
  return Object.freeze({
    id: textOf(id, 'app.id', 255),
    label: textOf(label, 'app.label', 500),
    state: textOf(state, 'app.state', 40),
  })
}

function readRefusal(refusal: JsonObject) {
  const http = objectOf(refusal.http, 'refusal.http')
  const status = statuses.find((known) => known === http.status)
  if (status === undefined) throw new Unreadable('refusal.http.status is not one of a refusal')
  const told = Object.entries(http.headers === undefined ? {} : objectOf(http.headers, 'refusal.http.headers'))
  if (told.length > mostHeaders) throw new Unreadable('too many headers')
  const headers: (readonly [string, string])[] = []
  let offersBasic = false
  for (const [name, value] of told) {
    if (typeof value !== 'string' || value.length > longestHeader || !/^[\x20-\x7e]*$/.test(value))
      throw new Unreadable('a header that no line can carry')
    const lower = name.toLowerCase()
    // Challenges are the guard's own: it alone knows what this server offers. Only the kind is taken from here.
    if (lower === 'www-authenticate') offersBasic ||= /(?:^|,)\s*basic(?:\s|$)/i.test(value)
    if (lower === 'retry-after' && !/^[1-9]\d{0,3}$/.test(value)) throw new Unreadable('Retry-After is not seconds')
    const spelled = handedOn.get(lower)
    if (spelled !== undefined) headers.push(Object.freeze([spelled, value] as const))
  }
  return { status, headers: Object.freeze(headers), offersBasic }
}

function read(answer: JsonObject): GateAnswer {
  const { decision } = answer
  if (decision === 'allow') {
    if (answer.refusal !== undefined) throw new Unreadable('an allowance with a refusal')
    const account = readAccount(answer.account)
    return Object.freeze({ decision, account, ...(answer.app === undefined ? {} : { app: readApp(answer.app) }) })
  }
  const refused = decisions.find((known) => known === decision)
  if (refused === undefined) throw new Unreadable('decision is not one of the closed list')
  const { status, headers, offersBasic } = readRefusal(objectOf(answer.refusal, 'refusal'))
  return Object.freeze({
    decision: refused,
    reason: textOf(answer.reason, 'reason', 64),
    text: textOf(answer.text, 'text', 1000),
    ...(answer.reference === undefined ? {} : { reference: textOf(answer.reference, 'reference', 100) }),
    status,
    headers,
    // A wrong name or password may be given again; where passwords are not taken at all (blocked), none is asked for.
    offersBasic: status === 401 && (offersBasic || refused === 'denied'),
  })
}

/** Reads the text of an answer with status 200. The result is a string where it is none: why, for the log, without a part of it. */
export function readGateAnswer(text: string): GateAnswer | string {
  const parsed = parseStrictObject(text)
  if (!parsed.ok) return parsed.reason
  try {
    return read(parsed.value)
  } catch (error) {
    if (error instanceof Unreadable) return error.message
    throw error
  }
}
