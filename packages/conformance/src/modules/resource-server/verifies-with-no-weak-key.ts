import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m19, m21 to m23: published, and not good enough: another use, exponent 1, ROCA, 1024 bits (RFC 8725 section 3.5). */
export default module('resource-server', 'verifies with no weak key', (target, checks) =>
  presentClasses(target, checks, [19, 21, 22, 23]),
)
