/**
 * The form of one test of behaviour: an area, a claim that reads after "it", and a run that collects findings.
 *
 * It owns the verdicts and how they add up. It does not own targets (target.ts) nor the list of modules (modules.ts).
 */
import { describeSeen } from './seen.ts'
import type { Target } from './target.ts'

export type Area = 'issuer' | 'resource-server' | 'client' | 'server-to-server'
/** From best to worst; `skip` says that nothing could be tried. */
export type Verdict = 'pass' | 'skip' | 'warn' | 'fail'

export interface Finding {
  readonly verdict: Verdict
  /** Where it is written, for example `RFC 6749 section 3.1`. */
  readonly clause: string
  /** What was expected, as a sentence about the target. */
  readonly expected: string
  /** What was seen, in words that answer `expected`. Never holds a token. */
  readonly seen: string
}

/** Collects what a module sees. */
export interface Checks {
  /** The clause demands it: a miss is a failure. */
  must(clause: string, expected: string, holds: boolean, seen: unknown): void
  /** The clause recommends it: a miss is a warning. */
  should(clause: string, expected: string, holds: boolean, seen: unknown): void
  /** Says why something could not be tried, and goes on. */
  skip(clause: string, expected: string, why: string): void
}

/** What else is known of a module. */
export interface AboutModule {
  /** The OpenID Foundation's module ids that it stands for: it checks what each of them checks. */
  readonly ids?: readonly string[]
  /** Ways of answering in which it is run once more. */
  readonly variants?: readonly 'form_post'[]
  /** It waits for a real clock: for half a minute, say. */
  readonly slow?: true
}

export interface ConformanceModule extends AboutModule {
  readonly area: Area
  readonly claim: string
  readonly run: (target: Target, checks: Checks) => Promise<void>
}

/** Declares one behaviour. Its file carries the claim as its name, so that a listing of the folder is the statement. */
export const module = (area: Area, claim: string, run: ConformanceModule['run'], about: AboutModule = {}): ConformanceModule =>
  Object.freeze({ ...about, area, claim, run })

/** The name of a module's file: its claim in kebab-case. */
export const fileNameOf = (one: ConformanceModule): string =>
  one.claim
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

const WORST_FIRST: readonly Verdict[] = ['fail', 'warn', 'pass', 'skip']

/** One verdict for many findings: any failure fails, any warning warns; skipped only when nothing at all was tried. */
export function decideVerdict(findings: readonly Finding[]): Verdict {
  return WORST_FIRST.find((verdict) => findings.some((one) => one.verdict === verdict)) ?? 'skip'
}

/** Makes a collector and the list that it fills. `redact` sees what was seen before it is cut: half a secret is not found again. */
export function createChecks(redact: (text: string) => string = (text) => text): {
  readonly checks: Checks
  readonly findings: readonly Finding[]
} {
  const findings: Finding[] = []
  const add = (verdict: Verdict, clause: string, expected: string, seen: unknown) => {
    findings.push(Object.freeze({ verdict, clause, expected, seen: describeSeen(seen, redact) }))
  }
  return {
    findings,
    checks: {
      must: (clause, expected, holds, seen) => add(holds ? 'pass' : 'fail', clause, expected, seen),
      should: (clause, expected, holds, seen) => add(holds ? 'pass' : 'warn', clause, expected, seen),
      skip: (clause, expected, why) => add('skip', clause, expected, why),
    },
  }
}
