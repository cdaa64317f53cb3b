import { module } from '../../conformance-module.ts'
import { presentPairs } from '../../local-issuer/acting-stage.ts'

/** A31 to A33, A41 to A49: delegation is a text, and local grants decide (MS-XOAUTH section 3.2.5.6, CVE-2023-29357). */
export default module('resource-server', 'lets servers act only where granted', (target, checks) =>
  presentPairs(target, checks, [31, 32, 33, 41, 43, 44, 46, 47, 48, 49]),
)
