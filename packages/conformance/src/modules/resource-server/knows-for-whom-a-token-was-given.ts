import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m115 to m125: sub, jti, client_id and scope of the right form (RFC 9068 section 2.2). */
export default module('resource-server', 'knows for whom a token was given', (target, checks) =>
  presentClasses(target, checks, [115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125]),
)
