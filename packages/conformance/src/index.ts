/** The kit as a library: make a target, run modules against it, render the report. It knows no product. */
export type { Area, Checks, ConformanceModule, Finding, Verdict } from './conformance-module.ts'
export { module } from './conformance-module.ts'
export { ConformanceError, type ConformanceErrorCode } from './errors.ts'
export { modules } from './modules.ts'
export { renderJson, renderResult, renderSummary } from './report.ts'
export { type ModuleResult, type Report, runModules } from './runner.ts'
export type { KnownPerson, KnownServer, ServerIdentity } from './server-to-server/identity.ts'
export { type Answer, createTarget, type KnownClient, type Target, type TargetOptions } from './target.ts'
