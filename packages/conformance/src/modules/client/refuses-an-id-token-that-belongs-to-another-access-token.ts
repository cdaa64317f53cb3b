import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule(
  'refuses an ID token that belongs to another access token',
  'OpenID Connect Core section 3.1.3.8',
  (draft) => ({ ...draft, claims: { ...draft.claims, at_hash: 'A'.repeat(22) } }),
  'should',
)
