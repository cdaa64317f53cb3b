/** The list m1 to m130 as one: access tokens with one thing wrong each, and the spellings that are right. */
import { Bench, type HostileToken, type Refused, type Scene } from './bench.ts'
import { wrongClaims } from './claims.ts'
import { brokenForms } from './forms.ts'
import { wrongKeys } from './keys.ts'
import { brokenSignatures } from './signatures.ts'

/** Classes that no token presented to one server can show, and why. */
export const notPresentable: ReadonlyMap<string, string> = new Map([
  ['m36', 'a key that is published counts: nothing in a key set says from when'],
  ['m37', 'not a token but time that passes: a module of its own withdraws a key'],
  ['m81', 'belongs to the token endpoint: an access token in place of a refresh token'],
  ['m83', 'belongs to the token endpoint: a client assertion in place of an actor token'],
  ['m124', 'only the issuer remembers which tokens it has revoked'],
  ['m125', 'an access token is no one-time token'],
])

/** A standard lets a server accept these; one that is careful refuses all the same. */
const ALLOWED = new Set(
  'm20 m20-first m26 m30 m30-http m31 m32 m33 m64 m64-deep m65 m65-constructor m65-header m68 m72 m73 m75-signed m98 m99-nearest m107'.split(
    ' ',
  ),
)

const accepted = (bench: Bench): readonly HostileToken[] => {
  const { ec } = bench.scene
  const good = (id: string, title: string, make: () => string): HostileToken => ({ id, title, expects: 'accepted', make })
  return [
    good('good', 'the token that all others are made from', () => bench.good),
    good('good-es256', 'the same by the ES256 key', () => bench.signed({ header: { alg: 'ES256', kid: ec.kid }, key: ec })),
    good('good-typ-case', 'typ AT+JWT', () => bench.signed({ header: { typ: 'AT+JWT' } })),
    good('good-typ-prefix', 'typ application/at+jwt', () => bench.signed({ header: { typ: 'application/at+jwt' } })),
  ]
}

const refused = (one: Refused): HostileToken =>
  Object.freeze({ ...one, expects: 'refused', ...(ALLOWED.has(one.id) ? { allowed: true as const } : {}) })

/** All tokens of a scene, the good ones first. `make` signs anew each time that it is called. */
export function hostileTokens(scene: Scene): readonly HostileToken[] {
  const bench = new Bench(scene)
  const wrong = [...brokenSignatures(bench), ...wrongKeys(bench), ...brokenForms(bench), ...wrongClaims(bench)]
  return Object.freeze([...accepted(bench), ...wrong.map(refused)])
}
