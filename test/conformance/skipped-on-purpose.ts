/** What Postern does not offer, so that nothing of it can be tried: each with the reason. Anything else that is skipped is a defect. */
import type { Report } from '@postern/conformance'

/** By what the kit says when it skips. */
const REASONS: readonly (readonly [says: RegExp, because: string])[] = [
  [/^the metadata names no registration_endpoint$/, 'clients are registered by administrators: there is no RFC 7591'],
  [
    /^scopes_supported does not list it$/,
    'nobody needs a telephone number or an address to read mail: those two scopes are not offered',
  ],
]

export interface Skipped {
  readonly module: string
  readonly expected: string
  readonly says: string
  /** Undefined when nobody decided that. */
  readonly because: string | undefined
}

export const listSkipped = (report: Report): readonly Skipped[] =>
  report.results.flatMap(({ name, findings }) =>
    findings
      .filter(({ verdict }) => verdict === 'skip')
      .map(({ expected, seen }) => ({
        module: name,
        expected,
        says: seen,
        because: REASONS.find(([says]) => says.test(seen))?.[1],
      })),
  )
