import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m87 to m98: iss and aud, to the letter (RFC 9068 section 4, RFC 8725 sections 3.8 and 3.9). */
export default module('resource-server', 'refuses tokens from others and for others', (target, checks) =>
  presentClasses(target, checks, [87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98]),
)
