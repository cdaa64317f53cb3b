import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule('refuses an ID token that has ended', 'OpenID Connect Core section 3.1.3.7', (draft) => ({
  ...draft,
  claims: { ...draft.claims, iat: Number(draft.claims.iat) - 7200, exp: Number(draft.claims.iat) - 3600 },
}))
