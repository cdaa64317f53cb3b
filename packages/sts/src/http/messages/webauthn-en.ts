/** What is said about passkeys and security keys, wherever one is asked for or made. */
export const webauthnEn = {
  webauthnSignIn: 'Sign in with a passkey',
  webauthnTitle: 'Use your passkey or security key',
  webauthnText: 'Your browser asks for your fingerprint, face or PIN, or for the key that you registered for {realm}.',
  webauthnButton: 'Use passkey or security key',
  webauthnWrong: 'That passkey or key was not accepted. Use the one that you registered for this account, or another way.',

  webauthnCreateTitle: 'Create a passkey',
  webauthnCreateText:
    'Your browser asks where to keep it: on this device, on your phone, or on a security key. You then sign in with your fingerprint, face or PIN.',
  webauthnCreateButton: 'Create passkey',
  webauthnCreateWrong: 'That passkey could not be registered. Try again, or use another device or key.',
  webauthnCreateTaken: 'This passkey or key is registered already. Use another one.',
  webauthnLabel: 'Passkey',
  webauthnLabelNext: 'Passkey {number}',

  webauthnRefused: 'That passkey was not accepted here. Use another one, or type your email address and password.',
  webauthnUnverified:
    'That key did not check that it is you. Set a PIN or a fingerprint for it, or type your email address and password.',
  webauthnExpired: 'That took too long. Please try again.',

  webauthnCancelled:
    'Nothing came from your passkey or key: it was cancelled, or it took too long. Press the button to try again.',
  webauthnUnsuited: 'This device or key cannot do what is needed here. Use another one.',
  webauthnElsewhere: 'This browser cannot use passkeys or security keys here. Use another browser, or another way.',
  webauthnBroken: 'Your device or key did not answer as it should. Press the button to try again.',
  webauthnNoScript: 'Passkeys and security keys need JavaScript, which is switched off in this browser.',
} as const
