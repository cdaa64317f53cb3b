import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m54 to m66: what two readers would read differently, and what is too deep or too long (RFC 7515 section 4, RFC 8725 section 2.4). */
export default module('resource-server', 'reads json strictly', (target, checks) =>
  presentClasses(target, checks, [54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66]),
)
