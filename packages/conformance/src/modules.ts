/**
 * Every behaviour that the kit knows, in the order of its report.
 *
 * Each area has a folder and a table of its own beside its modules; this file only joins them.
 */
import type { ConformanceModule } from './conformance-module.ts'
import { clientModules } from './modules/client/client.ts'
import { issuerModules } from './modules/issuer/issuer.ts'
import { openidModules } from './modules/openid/openid.ts'
import { resourceServerModules } from './modules/resource-server/resource-server.ts'
import { serverToServerModules } from './modules/server-to-server/server-to-server.ts'

/** What needs a token that the developer gives comes first: such tokens live for minutes, and a whole run may take as long. */
export const modules: readonly ConformanceModule[] = Object.freeze([
  ...serverToServerModules,
  ...resourceServerModules,
  ...issuerModules,
  ...openidModules,
  ...clientModules,
])
