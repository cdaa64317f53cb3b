import { module } from '../../conformance-module.ts'
import { describeAnswer, findServerStage } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 9'

export default module('server-to-server', 'takes assertions as the original writes them', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const at = stage.now()
  const { x5t } = stage.server
  const spellings: readonly (readonly [string, Parameters<typeof stage.assertion>])[] = [
    ['times as decimal text', [{ nbf: String(at), exp: String(at + 300), iat: String(at) }]],
    ['a thumbprint with padding', [{}, { x5t: `${x5t}=` }]],
    ['no nameid', [{ nameid: undefined }]],
    ['no number', [{ jti: undefined }]],
    ['a life of ten minutes', [{ nbf: at, exp: at + 600 }]],
  ]
  for (const [name, assertion] of spellings) {
    const answer = await stage.ask({ assertion: stage.assertion(...assertion) })
    checks.must(CLAUSE, `${name} is accepted`, answer.status === 200, describeAnswer(answer))
  }
  const [registered = '', realm = ''] = stage.server.resource.split('@')
  const [client, host = ''] = registered.split('/')
  const answer = await stage.ask({ resource: `${client}/${host.toUpperCase()}@${realm}` })
  checks.must(CLAUSE, 'a host in another letter case is the same host', answer.status === 200, describeAnswer(answer))
})
