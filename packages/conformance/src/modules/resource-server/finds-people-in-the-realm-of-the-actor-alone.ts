import { module } from '../../conformance-module.ts'
import { presentPairs } from '../../local-issuer/acting-stage.ts'

/** A23 to A30, A50: exactly one active account of that realm (CVE-2025-55241). */
export default module('resource-server', 'finds people in the realm of the actor alone', (target, checks) =>
  presentPairs(target, checks, [23, 24, 25, 26, 27, 28, 29, 30, 50]),
)
