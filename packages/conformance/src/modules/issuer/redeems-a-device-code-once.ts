import { module } from '../../conformance-module.ts'
import { isGranted, mustRefuse, needClient, verdictOf } from '../../issuer-stage/asking.ts'
import { answerDevice, poll, pollAgain, startDevice } from '../../issuer-stage/device-flow.ts'

const CLAUSE = 'RFC 8628 section 3.5; RFC 6749 section 5.2'
const TIMES = 20

export default module(
  'issuer',
  'redeems a device code once',
  async (target, checks) => {
    if ((await target.findEndpoint('device_authorization_endpoint')) === undefined)
      return checks.skip(CLAUSE, 'a device code is used once', 'the metadata names no device_authorization_endpoint')
    const client = needClient(target, 'device')
    const device = await startDevice(target, client)
    await answerDevice(target, device, 'yes')
    const first = await pollAgain(target, device)
    checks.must('RFC 8628 section 3.4', 'a device gets tokens after its person agreed', isGranted(first), verdictOf(first))
    await target.wait(device.pause, 'the next question of a device')
    const again = await poll(target, device)
    mustRefuse(checks, CLAUSE, {
      expected: 'and none the second time',
      answer: again,
      errors: ['invalid_grant', 'expired_token', 'slow_down'],
    })

    const other = await startDevice(target, client)
    await answerDevice(target, other, 'yes')
    const answers = await Promise.all(Array.from({ length: TIMES }, () => poll(target, other)))
    const granted = answers.filter(isGranted).length
    checks.must(CLAUSE, `of ${TIMES} questions at the same moment one gets tokens`, granted === 1, granted)
    const broken = answers.filter(({ status }) => status >= 500).length
    checks.must(CLAUSE, 'and no answer is an error of the server', broken === 0, `${broken} answers of 500 and above`)
  },
  { slow: true },
)
