import { module } from '../../conformance-module.ts'
import { inGroups, needClient } from '../../issuer-stage/asking.ts'
import { oneOfEach, placesOf } from '../../issuer-stage/token-kinds.ts'

const CLAUSE = 'RFC 8725 sections 3.11 and 3.12'

/** The cross matrix: everything that the issuer hands out, at every place but its own. */
export default module('issuer', 'takes each token in its own place alone', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const kinds = await oneOfEach(target, client)
  for (const { name, own, isTaken } of await placesOf(target, client)) {
    const strangers = [...kinds].filter(([kind]) => !own.includes(kind))
    for (const [[kind], [taken, seen]] of await inGroups(strangers, ([, token]) => isTaken(token)))
      checks.must(CLAUSE, `no ${kind} is taken for ${name}`, !taken, seen)
  }
})
