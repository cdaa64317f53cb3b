/** The pieces of sign-in's pages that ask for a passkey or key. The portal has the same ones, so they live in the http kit. */
export { renderWebauthnAsk, renderWebauthnRegister } from '../../http/webauthn-controls.ts'
