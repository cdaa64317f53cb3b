/** Which code this library gives each hostile token of the list in @postern/conformance/hostile-tokens. */
import type { TokenErrorCode } from '../errors.ts'

const idsByCode: Readonly<Partial<Record<TokenErrorCode, string>>> = {
  algorithm_not_allowed: 'm1 m1-signed m2 m3 m4 m5 m6 m6-case m7 m8 m9 m10 m11 m12 m18 m18-ec',
  signature_invalid: 'm9-rs256 m12-pss m13 m14 m14-der m15 m15-short m16 m17 m25 m34-back m38',
  key_unknown: 'm19 m19-alg m21 m22 m23 m24 m27-0 m27-1 m27-2 m27-3 m27-4 m27-5 m27-nul m33 m34 m35',
  token_malformed:
    'm20 m20-first m39 m40 m41 m42 m43 m44 m44-inside m45 m46 m46-header m47 m48 m49 m50 m51 m52 m53 m54 m55 m56 m56-null m57 m57-overlong m58 m59 m60 m61 m61-token m62-small m62-nine m64 m64-deep m65 m65-constructor m65-header m66 m67 m74 m75 m39-length m49-empty m49-dots',
  header_not_allowed:
    'm26 m26-empty m28 m28-list m28-257 m29 m30 m30-http m31 m32 m33-list m67-header m68 m69 m70 m71 m72 m73 m75-signed m84',
  token_too_large: 'm28-long m62 m63',
  type_mismatch: 'm76 m77 m78 m79 m80 m82 m84-typ m84-spaces m84-prefix',
  issuer_mismatch: 'm85 m87 m88 m89',
  user_required: 'm86',
  claim_invalid:
    'm90 m94 m95 m96 m98 m101 m102 m103 m104 m105 m106 m107 m109 m111 m114-string m115 m116 m117 m120 m121-list m122 m123 m123-newline m126 m126-nfd m130-form',
  claim_missing: 'm91 m92 m100 m113 m118 m119 m121',
  audience_mismatch: 'm93 m97 m97-longer',
  token_expired: 'm99 m99-near m99-nearest',
  lifetime_too_long: 'm108 m114',
  token_not_yet_valid: 'm110 m112',
  insufficient_scope: 'm123-case',
  sender_constraint_missing: 'm127 m128',
  assurance_insufficient: 'm129 m129-none',
  authentication_too_old: 'm130',
}

/** By the id of the token. */
export const tokenRefusals: ReadonlyMap<string, TokenErrorCode> = new Map(
  Object.entries(idsByCode).flatMap(([code, ids]) =>
    ids.split(' ').map((id): [string, TokenErrorCode] => [id, code as TokenErrorCode]),
  ),
)
