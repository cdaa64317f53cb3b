import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m13 to m17, m25: zeros, flipped bits, another payload, another key (RFC 7515 section 5.2). */
export default module('resource-server', 'refuses signatures that do not hold', (target, checks) =>
  presentClasses(target, checks, [13, 14, 15, 16, 17, 25]),
)
