import { module } from '../../conformance-module.ts'
import { presentClasses } from '../../local-issuer/mail-stage.ts'

/** m39 to m53: padding, spaces, other spellings, too many parts and too few (RFC 7515 sections 2 and 7.1). */
export default module('resource-server', 'reads the compact form alone', (target, checks) =>
  presentClasses(target, checks, [39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53]),
)
