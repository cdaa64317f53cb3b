import { module } from '../../conformance-module.ts'
import { presentPairs } from '../../local-issuer/acting-stage.ts'

/** A37 to A40: the user token ends with the actor token, that within an hour, and times have one spelling (CVE-2025-53786). */
export default module('resource-server', 'holds actor tokens to their time', (target, checks) =>
  presentPairs(target, checks, [37, 38, 39, 40]),
)
