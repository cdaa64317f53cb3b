/** What Postern does not offer, so that nothing of it can be tried: each with the reason. Anything else that is skipped is a defect. */
import type { Report } from '@postern/conformance'

/** By what the kit says when it skips. */
const REASONS: readonly (readonly [says: RegExp, because: string])[] = [
  [
    /^the issuer takes keys by value alone$|^the issuer refuses sectors, and all its subjects are public$/,
    'No address that a stranger names is ever fetched; a person has one subject at all clients.',
  ],
  [
    /^the client was registered without (logo|policy|tos)_uri$/,
    'Pages show no picture and no link of an app that nobody vouches for.',
  ],
  [/^userinfo_signing_alg_values_supported does not list RS256$/, 'Nobody needs signed userinfo: it is asked for by TLS.'],
  [/^request_uri_parameter_supported is false$/, 'Requests are pushed (RFC 9126), not fetched.'],
  [
    /^scopes_supported does not list it$/,
    'Nobody needs a telephone number or an address to read mail: these scopes are not offered.',
  ],
  [/^the resource takes no DPoP: 401$/, "Contoso's mail server takes bearer tokens: no mail client binds its tokens to keys."],
  [/^belongs to the token endpoint: /, 'Such a token is tried at the issuer, by modules of its own.'],
  [/^only the issuer remembers which tokens it has revoked$/, 'The kit as issuer has no feed of revocations.'],
  [/^an access token is no one-time token$/, 'It may be used until it ends.'],
  [/^a pair may be used until it ends, unless the server takes each once/, 'It may be used until it ends.'],
  [/^nothing behind Bearer asks for the challenge/, 'HTTP cannot carry it, or it means something else.'],
  [/^a key that is published counts/, 'No key set says from when a key counts.'],
  [/^white space around the value of a header/, 'HTTP cannot carry it, or it means something else.'],
  [/^HTTP carries no such character/, 'HTTP cannot carry it, or it means something else.'],
  [/^mail_server\.demands\./, 'Contoso demands no stronger sign-in; the library alone does, and is tried.'],
  [
    /^mail_server\.act_as\.(ambiguous|disabled) was not given$/,
    'Contoso knows no such person: the library refuses them in tests of its own.',
  ],
  [/^mail_server\.act_as was not given$/, 'The library alone takes no servers that act for people; Contoso does, and is tried.'],
  [/^the client asks for no device code$/, "Contoso's mail client opens a browser on the same machine."],
  [/^mail_server\.legacy /, 'Passwords of apps need the gate, which the kit does not play.'],
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
