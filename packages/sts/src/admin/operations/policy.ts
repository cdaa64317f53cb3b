import { isIP } from 'node:net'
import type { RealmStore, StoredPolicy } from '@postern/storage'
import { z } from 'zod'
import { createPolicy, evaluate, flows, isSatisfied, PolicyError, parsePolicy } from '../../policy/policy.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, shownText, when } from '../fields.ts'
import { operation } from '../operation.ts'
import { findAudience, renameResources } from '../policy-resources.ts'
import { requireAccount } from '../require-account.ts'

const mode = z.enum(['on', 'report-only', 'off']).describe('report-only: judged and recorded, not enforced')
const definition = z.record(z.string(), z.unknown())
const policyView = z.object({ id: z.uuid(), name: z.string(), mode, definition, createdAt: when, updatedAt: when })
const columns = ['id', 'name', 'mode']
const some = z.object({ policy: shownText('Id or name of the policy') })

const toView = (policy: StoredPolicy): z.input<typeof policyView> => ({
  ...policy,
  createdAt: policy.createdAt.toISOString(),
  updatedAt: policy.updatedAt.toISOString(),
})

async function findPolicy(kept: RealmStore, name: string): Promise<StoredPolicy | undefined> {
  const all = await kept.policies.list()
  return all.find(({ id }) => id === name) ?? all.find((policy) => policy.name === name)
}

async function requirePolicy(kept: RealmStore, name: string): Promise<StoredPolicy> {
  const policy = await findPolicy(kept, name)
  if (policy === undefined)
    throw new OperationRefused('missing', `There is no policy ${name} in this realm. See: postern policy list`)
  return policy
}

/** @throws {OperationRefused} `policy_invalid`; also for a resource that is not there, for it would never match. */
async function readDefinition(kept: RealmStore, input: unknown): Promise<Record<string, unknown>> {
  try {
    const resources = await kept.resources.list()
    const { definition, problems } = renameResources(parsePolicy(input), (name) => findAudience(resources, name))
    if (problems.length > 0) throw new PolicyError(problems)
    return { ...definition }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new OperationRefused('policy_invalid', error.message, { problems: error.problems, cause: error })
  }
}

/** The resource as a live request would carry it. @throws {OperationRefused} `missing` */
async function requireAudience(kept: RealmStore, name: string): Promise<string> {
  const audience = findAudience(await kept.resources.list(), name)
  if (audience === undefined)
    throw new OperationRefused('missing', `There is no resource ${name} in this realm. See: postern resource list`)
  return audience
}

export const policyOperations = [
  operation({
    name: 'policy.list',
    summary: 'List the policies',
    scope: 'realm',
    input: z.object({}),
    output: z.array(policyView),
    columns,
    errors: [],
    run: async ({ at }) => (await at.kept.policies.list()).map(toView),
  }),
  operation({
    name: 'policy.show',
    summary: 'Show a policy and its definition',
    scope: 'realm',
    positional: ['policy'],
    input: some,
    output: policyView,
    errors: ['missing'],
    run: async ({ input, at }) => toView(await requirePolicy(at.kept, input.policy)),
  }),
  operation({
    name: 'policy.put',
    summary: 'Add a policy, or replace the definition of the one with this name',
    scope: 'realm',
    positional: ['policy', 'definition'],
    input: z.object({
      policy: shownText('Id of an existing policy, or the name of an existing or new one'),
      definition: definition.meta({ description: 'The definition; resources by id or any name', file: 'json' }),
      mode: mode.optional(),
    }),
    output: policyView,
    columns,
    errors: ['policy_invalid'],
    changed: ({ output }) => ({ subject: output.name }),
    run: async ({ input, at }) => {
      const existing = await findPolicy(at.kept, input.policy)
      const now = at.clock()
      const policy: StoredPolicy = Object.freeze({
        id: existing?.id ?? at.newId(),
        name: existing?.name ?? input.policy,
        // A new policy only reports at first: one slip must not lock everybody out.
        mode: input.mode ?? existing?.mode ?? 'report-only',
        definition: await readDefinition(at.kept, input.definition),
        createdAt: existing?.createdAt ?? now,
        updatedAt: now,
      })
      await at.kept.policies.put(policy)
      return toView(policy)
    },
  }),
  operation({
    name: 'policy.set-mode',
    summary: 'Switch a policy on, off, or to reporting only',
    scope: 'realm',
    positional: ['policy', 'mode'],
    input: some.extend({ mode }),
    output: policyView,
    columns,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: `${output.name}: ${output.mode}` }),
    run: async ({ input, at }) => {
      const policy = Object.freeze({ ...(await requirePolicy(at.kept, input.policy)), mode: input.mode, updatedAt: at.clock() })
      await at.kept.policies.put(policy)
      return toView(policy)
    },
  }),
  operation({
    name: 'policy.remove',
    summary: 'Remove a policy',
    scope: 'realm',
    positional: ['policy'],
    input: some,
    output: z.object({ removed: z.string() }),
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at }) => {
      const policy = await requirePolicy(at.kept, input.policy)
      await at.kept.policies.remove(policy.id)
      return { removed: policy.name }
    },
  }),
  operation({
    name: 'policy.try',
    summary: 'Say what the policies and the state of the account would decide for a sign-in, and why; changes nothing',
    scope: 'realm',
    positional: ['account'],
    input: z.object({
      account: shownText('User principal name, address or id of the account', 254),
      client: clientId.default('any-client'),
      resource: shownText('What the token would be for: id or a name of the resource', 2000).optional(),
      source: z
        .string()
        .refine((text) => isIP(text) !== 0, 'must be an IP address')
        .optional()
        .describe('IP address of the caller'),
      flow: z.enum(flows).default('authorization').describe('How the caller came'),
      evidence: z
        .array(shownText('A value of amr'))
        .default(['pwd'])
        .describe('What has been shown, as values of amr (RFC 8176); may be repeated'),
      browser: z
        .enum(['remembered', 'unknown'])
        .default('unknown')
        .describe('Whether the browser is one that the person had remembered'),
    }),
    output: z.object({
      outcome: z.enum(['allow', 'block', 'require']),
      missing: z.array(z.string()),
      ifReportOnlyWereOn: z.enum(['allow', 'block', 'require']),
      because: z.array(z.object({ policy: z.string(), mode: z.string(), result: z.string(), text: z.string() })),
    }),
    errors: ['missing'],
    run: async ({ input, at: { kept } }) => {
      const { id, upn, groups, enforcement } = await requireAccount(kept, input.account)
      const policies = (await kept.policies.list()).map(createPolicy)
      const { client, resource, source, flow, browser } = input
      // A remembered browser is told as `rba`, a signal that proves nothing (conditions/browser.ts).
      const evidence = browser === 'remembered' ? [...new Set([...input.evidence, 'rba'])] : input.evidence
      const decision = evaluate(policies, {
        account: { id, upn, groups },
        client: { id: client },
        resource: resource === undefined ? undefined : await requireAudience(kept, resource),
        source,
        flow,
        evidence,
      })
      const because = decision.because.map(({ policy, result, text }) => ({
        policy: policy.name,
        mode: policy.mode,
        result,
        text,
      }))
      if (enforcement?.state !== 'enforced' || flow === 'client') {
        const { outcome, missing, ifReportOnlyWereOn } = decision
        return { outcome, missing: [...missing], ifReportOnlyWereOn, because }
      }
      // What the state of the account demands stands beside policies and only adds (protocol/assurance.ts).
      const isMet = isSatisfied('second-factor', evidence)
      const withState = (outcome: typeof decision.outcome) => (outcome === 'allow' && !isMet ? 'require' : outcome)
      const result = isMet ? 'met' : 'missing'
      return {
        outcome: withState(decision.outcome),
        missing: [...new Set([...decision.missing, ...(isMet || decision.outcome === 'block' ? [] : ['second-factor'])])],
        ifReportOnlyWereOn: withState(decision.ifReportOnlyWereOn),
        because: [
          ...because,
          { policy: 'the state of the account', mode: 'on', result, text: 'enforced: a second factor each time' },
        ],
      }
    },
  }),
]
