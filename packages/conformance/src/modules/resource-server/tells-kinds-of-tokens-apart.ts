import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m76 to m86: ID tokens, logout tokens, proofs, refresh and actor tokens, another environment (RFC 9068 section 4, RFC 8725 section 3.11). */
export default module('resource-server', 'tells kinds of tokens apart', (target, checks) =>
  presentClasses(target, checks, [76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86]),
)
