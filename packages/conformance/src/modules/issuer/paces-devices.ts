import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { askTokenAs, mustRefuse, needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { DEVICE_GRANT, poll, startDevice } from '../../issuer-stage/device-flow.ts'

const LONGEST_PAUSE = 60_000
const CLAUSE = 'RFC 8628 section 3.5'

export default module('issuer', 'paces devices', async (target, checks) => {
  if ((await target.findEndpoint('device_authorization_endpoint')) === undefined)
    return checks.skip(CLAUSE, 'a device is told to wait', 'the metadata names no device_authorization_endpoint')
  const client = needClient(target, 'device')
  const device = await startDevice(target, client)
  const { interval } = device.answer.json ?? {}
  const isPause = interval === undefined || (typeof interval === 'number' && interval > 0)
  checks.must('RFC 8628 section 3.2', 'interval is a number of seconds, where it is given', isPause, interval ?? 'absent')
  const isShort = device.pause <= LONGEST_PAUSE
  checks.should('RFC 8628 section 3.2', 'a device may ask each minute at least', isShort, interval ?? 'absent')
  mustRefuse(checks, CLAUSE, {
    expected: 'a device is told to wait',
    answer: await poll(target, device),
    errors: ['authorization_pending'],
  })
  const again = await poll(target, device)
  checks.should(CLAUSE, 'and to slow down when it asks again at once', textOf(again, 'error') === 'slow_down', verdictOf(again))
  const together = await Promise.all(Array.from({ length: 8 }, () => poll(target, device)))
  const odd = together
    .filter((answer) => !['slow_down', 'authorization_pending'].includes(textOf(answer, 'error') ?? ''))
    .map(verdictOf)
  checks.must(CLAUSE, 'eight questions at the same moment hear nothing else', odd.length === 0, odd.join(', ') || 'nothing else')
  const unknown = await askTokenAs(target, client, { grant_type: DEVICE_GRANT, device_code: randomUUID() })
  mustRefuse(checks, CLAUSE, {
    expected: 'a device code that nobody gave brings nothing',
    answer: unknown,
    errors: ['invalid_grant', 'expired_token'],
  })
  const none = await askTokenAs(target, client, { grant_type: DEVICE_GRANT })
  mustRefuse(checks, CLAUSE, {
    expected: 'a request without a device code is an invalid_request',
    answer: none,
    errors: ['invalid_request'],
  })
})
