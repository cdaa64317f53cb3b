import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m67 to m75: encrypted, nested, critical, compressed (RFC 7515 section 4.1.11). */
export default module('resource-server', 'refuses headers that it does not understand', (target, checks) =>
  presentClasses(target, checks, [67, 68, 69, 70, 71, 72, 73, 74, 75]),
)
