import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m126 to m130: look-alike names, keys without proof, weak and old sign-ins (RFC 7800, RFC 9470). */
export default module('resource-server', 'holds what a token is bound to', (target, checks) =>
  presentClasses(target, checks, [126, 127, 128, 129, 130]),
)
