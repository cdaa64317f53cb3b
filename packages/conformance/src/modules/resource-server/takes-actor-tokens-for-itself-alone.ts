import { module } from '../../conformance-module.ts'
import { presentPairs } from '../../local-issuer/acting-stage.ts'

/** A13 to A15, A17 to A22: `client_id/host@realm`, of which only the host may be written in another case (MS-XOAUTH section 3.2.5.6). */
export default module('resource-server', 'takes actor tokens for itself alone', (target, checks) =>
  presentPairs(target, checks, [13, 14, 15, 17, 18, 19, 20, 21, 22]),
)
