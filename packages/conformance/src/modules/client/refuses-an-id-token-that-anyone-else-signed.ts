import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule('refuses an ID token that anyone else signed', 'OpenID Connect Core section 3.1.3.7', (draft) => ({
  ...draft,
  key: 'foreign',
}))
