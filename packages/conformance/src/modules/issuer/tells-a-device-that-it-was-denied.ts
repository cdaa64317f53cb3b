import { module } from '../../conformance-module.ts'
import { mustRefuse, needClient } from '../../issuer-stage/asking.ts'
import { answerDevice, pollAgain, startDevice } from '../../issuer-stage/device-flow.ts'

const CLAUSE = 'RFC 8628 section 3.5'

export default module(
  'issuer',
  'tells a device that it was denied',
  async (target, checks) => {
    const expected = 'a device whose person said no hears access_denied'
    if ((await target.findEndpoint('device_authorization_endpoint')) === undefined)
      return checks.skip(CLAUSE, expected, 'the metadata names no device_authorization_endpoint')
    const device = await startDevice(target, needClient(target, 'device'))
    await answerDevice(target, device, 'no')
    mustRefuse(checks, CLAUSE, { expected, answer: await pollAgain(target, device), errors: ['access_denied'] })
  },
  { slow: true },
)
