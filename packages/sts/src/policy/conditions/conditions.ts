import { account } from './account.ts'
import { browser } from './browser.ts'
import { client } from './client.ts'
import type { Condition } from './condition.ts'
import { flow } from './flow.ts'
import { group } from './group.ts'
import { network } from './network.ts'
import { protocol } from './protocol.ts'
import { resource } from './resource.ts'

/** Everything a policy can look at. To add one: a file here, a line here, and a signal where it needs one. */
export const conditions = {
  account,
  group,
  client,
  resource,
  network,
  flow,
  browser,
  protocol,
} as const satisfies Record<string, Condition>

export type ConditionName = keyof typeof conditions
