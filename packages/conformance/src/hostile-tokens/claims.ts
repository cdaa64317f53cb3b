/** Hostile tokens m87 to m130: rightly signed tokens whose claims are wrong. */

import type { Bench, Refused } from './bench.ts'
import { signText } from './signing-key.ts'

export function wrongClaims(bench: Bench): readonly Refused[] {
  const { issuer, audience, now, rsa, trap } = bench.scene
  const claim = (id: string, title: string, payload: Record<string, unknown>): Refused => ({
    id,
    title,
    make: () => bench.signed({ payload }),
  })
  /** A number that JSON.stringify would not write. */
  const rawExp = (id: string, title: string, number: string): Refused => ({
    id,
    title,
    make: () => signText(bench.header(), bench.payload({ exp: 0 }).replace('"exp":0', `"exp":${number}`), rsa),
  })
  const absent = (id: string, name: string): Refused => claim(id, `${name} missing`, { [name]: undefined })

  return [
    claim('m87', 'iss of somebody else', { iss: trap }),
    claim('m88', 'iss with a slash behind', { iss: `${issuer}/` }),
    claim('m89', 'iss in other letter case', { iss: issuer.toUpperCase() }),
    claim('m90', 'iss a list', { iss: [issuer] }),
    absent('m91', 'iss'),
    absent('m92', 'aud'),
    claim('m93', 'aud of another server', { aud: 'https://other.example/' }),
    claim('m94', 'aud an object', { aud: { [audience]: true } }),
    claim('m95', 'aud an empty list', { aud: [] }),
    claim('m96', 'aud a list in a list', { aud: [[audience]] }),
    claim('m97', 'aud a prefix of ours', { aud: audience.slice(0, -1) }),
    claim('m97-longer', 'aud with ours as prefix', { aud: `${audience}x` }),
    claim('m98', 'aud a list with us and others', { aud: [audience, 'https://other.example/'] }),
    claim('m99', 'exp past', { iat: now - 7200, nbf: now - 7200, exp: now - 3600 }),
    claim('m99-near', 'exp past by five minutes', { iat: now - 3600, nbf: now - 3600, exp: now - 301 }),
    claim('m99-nearest', 'exp past by one minute', { iat: now - 3600, nbf: now - 3600, exp: now - 61 }),
    absent('m100', 'exp'),
    claim('m101', 'exp a string', { exp: String(now + 3600) }),
    claim('m102', 'exp null', { exp: null }),
    claim('m103', 'exp negative', { exp: -1 }),
    claim('m104', 'exp a list', { exp: [now + 3600] }),
    claim('m105', 'exp in milliseconds', { exp: (now + 3600) * 1000 }),
    rawExp('m106', 'exp 1e400', '1e400'),
    claim('m107', 'exp with a fraction', { exp: now + 3600.5 }),
    claim('m108', 'a life of ten years', { exp: now + 315_360_000 }),
    claim('m109', 'exp before iat, inside the tolerance', { iat: now + 10, nbf: now, exp: now + 5 }),
    claim('m110', 'nbf in the future', { nbf: now + 120 }),
    claim('m111', 'nbf a string', { nbf: String(now) }),
    claim('m112', 'iat in the future', { iat: now + 120 }),
    absent('m113', 'iat'),
    claim('m114', 'iat too old', { iat: now - 90_000, nbf: now - 90_000 }),
    claim('m114-string', 'iat a string', { iat: String(now) }),
    claim('m115', 'sub empty', { sub: '' }),
    claim('m116', 'sub a number', { sub: 7 }),
    claim('m117', 'sub null', { sub: null }),
    absent('m118', 'sub'),
    absent('m119', 'jti'),
    claim('m120', 'jti an object', { jti: {} }),
    absent('m121', 'client_id'),
    claim('m121-list', 'client_id a list', { client_id: ['outlook'] }),
    claim('m122', 'scope a list', { scope: ['Mail.Read'] }),
    claim('m123', 'scope with a control character', { scope: 'Mail.Read\u0000admin' }),
    claim('m123-newline', 'scope with a line break', { scope: 'Mail.Read\nadmin' }),
    { ...claim('m123-case', 'a scope in other letter case', { scope: 'mail.read' }), demand: 'scope' },
    claim('m126', 'sub with a look-alike letter', { sub: 'm\u0430ry' }),
    claim('m126-nfd', 'sub with a combining mark', { sub: 'mary\u0301' }),
    claim('m127', 'cnf without proof', { cnf: { jkt: 'thumbprint' } }),
    claim('m128', 'cnf of another certificate', { cnf: { 'x5t#S256': 'thumbprint' } }),
    { ...claim('m129', 'acr lower than asked', { acr: 'urn:postern:acr:aal1' }), demand: 'assurance' },
    { ...claim('m129-none', 'no acr', { acr: undefined }), demand: 'assurance' },
    { ...claim('m130', 'auth_time too old', { auth_time: now - 7200 }), demand: 'recent-sign-in' },
    claim('m130-form', 'auth_time a string', { auth_time: String(now) }),
  ]
}
