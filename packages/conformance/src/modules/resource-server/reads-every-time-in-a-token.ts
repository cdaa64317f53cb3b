import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m99 to m114: past, future, of another type, without end (RFC 7519 sections 4.1.4 to 4.1.6). */
export default module('resource-server', 'reads every time in a token', (target, checks) =>
  presentClasses(target, checks, [99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114]),
)
