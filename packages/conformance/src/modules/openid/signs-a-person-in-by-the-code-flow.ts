import { module } from '../../conformance-module.ts'
import { walkCodeFlow } from '../../person/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

/** Each rule of the flow on its own. Modules that look at something else name only the first that is broken. */
export default module(
  'issuer',
  'signs a person in by the code flow',
  async (target, checks) => {
    const { rules } = await walkCodeFlow(target, { browser: freshBrowser(target) })
    for (const { clause, expected, holds, seen } of rules) checks.must(clause, expected, holds, seen)
  },
  { ids: ['oidcc-server'], variants: ['form_post'] },
)
