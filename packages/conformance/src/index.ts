/** The kit as a library: make a target, run modules against it, render the report. It knows no product. */
export type { AboutModule, Area, Checks, ConformanceModule, Finding, Verdict } from './conformance-module.ts'
export { module } from './conformance-module.ts'
export { ConformanceError, type ConformanceErrorCode } from './errors.ts'
export type {
  ClientAuthentication,
  ClientUnderTest,
  KnownClient,
  KnownClients,
  KnownMailServer,
  KnownPerson,
  KnownResource,
  Registration,
} from './known-parties.ts'
export { modules } from './modules.ts'
export { renderJson, renderResult, renderSummary } from './report.ts'
export { type ModuleResult, type Report, runModules } from './runner.ts'
export type { KnownServer, PersonServed, ServerIdentity } from './server-to-server/identity.ts'
export { type Answer, createTarget, type ResponseMode, type Target, type TargetOptions } from './target.ts'
