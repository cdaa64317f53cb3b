import { module } from '../../conformance-module.ts'
import { presentPairs } from '../../local-issuer/acting-stage.ts'

/** A1 to A8, A34 to A36, A45: who signed which of the two, and what is nested in what (CVE-2023-29357, CVE-2025-55241). */
export default module('resource-server', 'believes no unsigned or foreign actor', (target, checks) =>
  presentPairs(target, checks, [1, 2, 3, 4, 5, 6, 7, 8, 34, 35, 36, 45]),
)
