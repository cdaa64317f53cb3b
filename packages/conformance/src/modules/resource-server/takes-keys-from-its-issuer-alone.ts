import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m24 to m38: what the token would like to be checked with (RFC 8725 section 3.10). */
export default module('resource-server', 'takes keys from its issuer alone', (target, checks) =>
  presentClasses(target, checks, [24, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 38]),
)
