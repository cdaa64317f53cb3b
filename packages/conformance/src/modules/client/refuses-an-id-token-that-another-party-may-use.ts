import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule(
  'refuses an ID token that another party may use',
  'OpenID Connect Core section 3.1.3.7',
  (draft) => ({ ...draft, claims: { ...draft.claims, aud: [draft.claims.aud, 'another-client'], azp: 'another-client' } }),
)
