/** Hostile tokens m87 to m130: rightly signed tokens whose claims are wrong. */
import type { TokenErrorCode } from '../errors.ts'
import { signText } from './fake-issuer.ts'
import type { Bench, HostileToken } from './hostile-tokens.ts'

export function hostileClaims(bench: Bench): readonly HostileToken[] {
  const { issuer, audience, now, rsa } = bench.scene
  const claim = (id: string, name: string, payload: Record<string, unknown>, expect: TokenErrorCode): HostileToken => ({
    id,
    name,
    token: bench.signed({ payload }),
    expect,
  })
  /** A number that JSON.stringify would not write. */
  const rawExp = (id: string, name: string, number: string): HostileToken => ({
    id,
    name,
    token: signText(bench.header(), bench.payload({ exp: 0 }).replace('"exp":0', `"exp":${number}`), rsa),
    expect: 'claim_invalid',
  })
  const invalid = (id: string, name: string, payload: Record<string, unknown>): HostileToken =>
    claim(id, name, payload, 'claim_invalid')
  const absent = (id: string, name: string): HostileToken => claim(id, `${name} missing`, { [name]: undefined }, 'claim_missing')

  return [
    claim('m87', 'iss of somebody else', { iss: 'https://evil.example' }, 'issuer_mismatch'),
    claim('m88', 'iss with a slash behind', { iss: `${issuer}/` }, 'issuer_mismatch'),
    claim('m89', 'iss in other letter case', { iss: issuer.toUpperCase() }, 'issuer_mismatch'),
    invalid('m90', 'iss a list', { iss: [issuer] }),
    absent('m91', 'iss'),
    absent('m92', 'aud'),
    claim('m93', 'aud of another server', { aud: 'https://other.example/' }, 'audience_mismatch'),
    invalid('m94', 'aud an object', { aud: { [audience]: true } }),
    invalid('m95', 'aud an empty list', { aud: [] }),
    invalid('m96', 'aud a list in a list', { aud: [[audience]] }),
    claim('m97', 'aud a prefix of ours', { aud: audience.slice(0, -1) }, 'audience_mismatch'),
    claim('m97-longer', 'aud with ours as prefix', { aud: `${audience}x` }, 'audience_mismatch'),
    invalid('m98', 'aud a list with us and others', { aud: [audience, 'https://other.example/'] }),
    claim('m99', 'exp past', { iat: now - 7200, nbf: now - 7200, exp: now - 3600 }, 'token_expired'),
    absent('m100', 'exp'),
    invalid('m101', 'exp a string', { exp: String(now + 3600) }),
    invalid('m102', 'exp null', { exp: null }),
    invalid('m103', 'exp negative', { exp: -1 }),
    invalid('m104', 'exp a list', { exp: [now + 3600] }),
    invalid('m105', 'exp in milliseconds', { exp: (now + 3600) * 1000 }),
    rawExp('m106', 'exp 1e400', '1e400'),
    invalid('m107', 'exp with a fraction', { exp: now + 3600.5 }),
    claim('m108', 'a life of ten years', { exp: now + 315_360_000 }, 'lifetime_too_long'),
    invalid('m109', 'exp before iat, inside the tolerance', { iat: now + 10, nbf: now, exp: now + 5 }),
    claim('m110', 'nbf in the future', { nbf: now + 120 }, 'token_not_yet_valid'),
    invalid('m111', 'nbf a string', { nbf: String(now) }),
    claim('m112', 'iat in the future', { iat: now + 120 }, 'token_not_yet_valid'),
    absent('m113', 'iat'),
    claim('m114', 'iat too old', { iat: now - 90_000, nbf: now - 90_000 }, 'lifetime_too_long'),
    invalid('m114-string', 'iat a string', { iat: String(now) }),
    invalid('m115', 'sub empty', { sub: '' }),
    invalid('m116', 'sub a number', { sub: 7 }),
    invalid('m117', 'sub null', { sub: null }),
    absent('m118', 'sub'),
    absent('m119', 'jti'),
    invalid('m120', 'jti an object', { jti: {} }),
    absent('m121', 'client_id'),
    invalid('m121-list', 'client_id a list', { client_id: ['outlook'] }),
    invalid('m122', 'scope a list', { scope: ['Mail.Read'] }),
    invalid('m123', 'scope with a control character', { scope: 'Mail.Read\u0000admin' }),
    invalid('m123-newline', 'scope with a line break', { scope: 'Mail.Read\nadmin' }),
    { ...claim('m123-case', 'a scope in other letter case', { scope: 'mail.read' }, 'insufficient_scope'), route: 'scope' },
    invalid('m126', 'sub with a look-alike letter', { sub: 'm\u0430ry' }),
    invalid('m126-nfd', 'sub with a combining mark', { sub: 'mary\u0301' }),
    claim('m127', 'cnf without proof', { cnf: { jkt: 'thumbprint' } }, 'sender_constraint_missing'),
    claim('m128', 'cnf of another certificate', { cnf: { 'x5t#S256': 'thumbprint' } }, 'sender_constraint_missing'),
    { ...claim('m129', 'acr lower than asked', { acr: 'urn:postern:acr:aal1' }, 'assurance_insufficient'), route: 'assurance' },
    { ...claim('m129-none', 'no acr', { acr: undefined }, 'assurance_insufficient'), route: 'assurance' },
    { ...claim('m130', 'auth_time too old', { auth_time: now - 7200 }, 'authentication_too_old'), route: 'recent-sign-in' },
    invalid('m130-form', 'auth_time a string', { auth_time: String(now) }),
  ]
}
