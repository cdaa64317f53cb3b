/** The OpenID Foundation's plans: one module a behaviour, in the order of the report. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'

export const openidModules: readonly ConformanceModule[] = Object.freeze([])
