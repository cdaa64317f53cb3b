import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule('refuses an unsigned ID token', 'OpenID Connect Core section 3.1.3.7', (draft) => ({
  ...draft,
  header: { alg: 'none', typ: 'JWT' },
  key: 'none',
}))
