import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule('refuses an ID token with the nonce of another', 'OpenID Connect Core section 3.1.3.7', (draft) => ({
  ...draft,
  claims: { ...draft.claims, nonce: 'a-nonce-of-somebody-else' },
}))
