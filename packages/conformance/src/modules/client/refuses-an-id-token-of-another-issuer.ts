import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule('refuses an ID token of another issuer', 'OpenID Connect Core section 3.1.3.7', (draft, at) => ({
  ...draft,
  claims: { ...draft.claims, iss: at.other },
}))
