import { module } from '../../conformance-module.ts'
import { ConformanceError } from '../../errors.ts'
import { isGranted, needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { answerDevice, poll, pollAgain, startDevice } from '../../issuer-stage/device-flow.ts'

const CLAUSE = 'RFC 8628 section 3.4'

export default module('issuer', 'binds a device code to its client', async (target, checks) => {
  if ((await target.findEndpoint('device_authorization_endpoint')) === undefined)
    return checks.skip(CLAUSE, 'another client gets nothing for it', 'the metadata names no device_authorization_endpoint')
  const client = needClient(target, 'device')
  const { public: one, confidential, second } = target.clients
  const other = [second, confidential, one].find((known) => known !== undefined && known.clientId !== client.clientId)
  if (other === undefined) throw new ConformanceError('not_given', 'clients.second was not given')
  const device = await startDevice(target, client)
  await answerDevice(target, device, 'yes')
  const stolen = await poll(target, device, other)
  checks.must(CLAUSE, 'another client gets nothing for it', !isGranted(stolen) && stolen.status < 500, verdictOf(stolen))
  const own = await pollAgain(target, device)
  checks.should(CLAUSE, 'and does not use it up for its own client', isGranted(own), verdictOf(own))
})
