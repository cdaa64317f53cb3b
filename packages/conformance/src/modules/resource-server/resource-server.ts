/** What a guarded resource server owes: one module a behaviour, in the order of the report. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'
import acceptsNoTokenInTheAddress from './accepts-no-token-in-the-address.ts'
import challengesAnEmptyBearerWithoutAnError from './challenges-an-empty-bearer-without-an-error.ts'
import describesItselfConsistently from './describes-itself-consistently.ts'
import refusesATamperedToken from './refuses-a-tampered-token.ts'
import refusesATokenSignedByAnyoneElse from './refuses-a-token-signed-by-anyone-else.ts'
import refusesAnUnsignedToken from './refuses-an-unsigned-token.ts'

export const resourceServerModules: readonly ConformanceModule[] = Object.freeze([
  challengesAnEmptyBearerWithoutAnError,
  refusesATamperedToken,
  refusesAnUnsignedToken,
  refusesATokenSignedByAnyoneElse,
  acceptsNoTokenInTheAddress,
  describesItselfConsistently,
])
