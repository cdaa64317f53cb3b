import { module } from '../../conformance-module.ts'
import { presentPairs } from '../../local-issuer/acting-stage.ts'

/** A9 to A12, A42: the user token is of the very server that the actor token names (MS-XOAUTH section 3.2.5.6). */
export default module('resource-server', 'binds user tokens to their actor', (target, checks) =>
  presentPairs(target, checks, [9, 10, 11, 12, 42]),
)
