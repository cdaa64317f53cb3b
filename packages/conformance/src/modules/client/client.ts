/** What a mail client owes to itself when issuer or mail server misbehave: one module a behaviour. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'

export const clientModules: readonly ConformanceModule[] = Object.freeze([])
