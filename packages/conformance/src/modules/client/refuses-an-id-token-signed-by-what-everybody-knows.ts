import { idTokenModule } from '../../scripted/id-token-scene.ts'

export default idTokenModule('refuses an ID token signed by what everybody knows', 'RFC 8725 section 2.1', (draft) => ({
  ...draft,
  header: { ...draft.header, alg: 'HS256' },
  key: 'secret',
}))
