/** The kit as a library: make a target, run modules against it, render the report. It knows no product. */
export { findNamed, renderNames } from './choosing.ts'
export type { AboutModule, Area, Checks, ConformanceModule, Finding, Verdict } from './conformance-module.ts'
export { module } from './conformance-module.ts'
export { ConformanceError, type ConformanceErrorCode } from './errors.ts'
export type { Exchange, RawExchange } from './exchanges.ts'
export type {
  ClientAuthentication,
  ClientSetting,
  ClientUnderTest,
  KnownActing,
  KnownClient,
  KnownClients,
  KnownMailServer,
  KnownPerson,
  KnownResource,
  Registration,
} from './known-parties.ts'
export { type LocalIssuer, startLocalIssuer } from './local-issuer/local-issuer.ts'
export { modules } from './modules.ts'
export { findPlan, type JudgedId, judgePlan, modulesOfPlan, notTested, type Plan, plans } from './plans.ts'
export { renderHtml } from './report/html-report.ts'
export { renderJson } from './report/json-report.ts'
export { renderJunit } from './report/junit-report.ts'
export {
  groupSkipped,
  renderPlans,
  renderProgress,
  renderResult,
  renderSkipped,
  renderSummary,
} from './report/terminal-report.ts'
export { type ModuleResult, type Progress, type Report, type RunOptions, runModules } from './runner.ts'
export type { KnownServer, PersonServed, ServerIdentity } from './server-to-server/identity.ts'
export { stopPrograms } from './started-programs.ts'
export { type Answer, createTarget, type ResponseMode, type Target, type TargetOptions } from './target.ts'
export { createTerminal, type Output, type Terminal } from './terminal.ts'
