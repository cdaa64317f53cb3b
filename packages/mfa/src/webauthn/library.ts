import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * The library that reads and verifies WebAuthn, loaded when the first key is asked for: with its ASN.1 and certificates it is
 * some two hundred modules, and a process that issues tokens to programs needs none of them.
 */
export const webauthnLibrary = () => require('@simplewebauthn/server') as typeof import('@simplewebauthn/server') // what the package is typed as

export const webauthnReading = () => require('@simplewebauthn/server/helpers') as typeof import('@simplewebauthn/server/helpers') // likewise
