import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m1 to m12, m18, m20: none in every spelling, shared secrets, other algorithms, two at once (RFC 8725 section 3.1). */
export default module('resource-server', 'refuses every algorithm but that of the key', (target, checks) =>
  presentClasses(target, checks, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 20]),
)
