import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { startDevice } from '../../issuer-stage/device-flow.ts'

const CLAUSE = 'RFC 8628 sections 5.1 and 6.1'
const ENTROPY = 'RFC 8628 section 5.2'
const NEEDED = 20 ** 8

/** The number of codes that there may be, by the kinds of letters in it. */
function countCodes(code: string): number {
  const letters = code.replaceAll(/[^\p{L}\p{N}]/gu, '')
  const kinds = (/\p{L}/u.test(letters) ? 20 : 0) + (/\p{N}/u.test(letters) ? 10 : 0)
  return kinds ** letters.length
}

export default module('issuer', 'writes user codes that nobody guesses', async (target, checks) => {
  if ((await target.findEndpoint('device_authorization_endpoint')) === undefined)
    return checks.skip(CLAUSE, 'a code is long enough', 'the metadata names no device_authorization_endpoint')
  const client = needClient(target, 'device')
  const [one, other] = [await startDevice(target, client), await startDevice(target, client)]
  const { answer } = one
  checks.must(
    'RFC 8628 section 3.2',
    'expires_in is a positive number',
    Number(answer.json?.expires_in) > 0,
    answer.json?.expires_in,
  )
  const page = URL.parse(one.verificationUri)
  checks.must(
    'RFC 8628 section 3.3.1',
    'verification_uri is an address for people',
    page?.protocol.startsWith('http') === true,
    one.verificationUri,
  )
  checks.should(
    CLAUSE,
    'there are 20^8 codes or more',
    countCodes(one.userCode) >= NEEDED,
    one.userCode.replaceAll(/[a-z]/gi, 'X').replaceAll(/\d/g, '9'),
  )
  const alike = [...one.userCode, ...other.userCode].filter((letter) => /[01IOl]/.test(letter))
  const mixed = /\p{L}/u.test(one.userCode) && /\p{N}/u.test(one.userCode)
  checks.should(CLAUSE, 'no letter looks like a digit', !(mixed && alike.length > 0), alike.join('') || 'none')
  checks.should(
    CLAUSE,
    'no code makes a word: it has no vowels',
    !/[aeiouy]/i.test(one.userCode + other.userCode),
    'looked at two codes',
  )
  const differ = one.userCode !== other.userCode && one.deviceCode !== other.deviceCode
  checks.must(CLAUSE, 'each request has codes of its own', differ, differ ? 'two of each' : 'the same again')
  checks.should(ENTROPY, 'a device code has 128 bits or more', one.deviceCode.length >= 22, `${one.deviceCode.length} letters`)
  if (page?.protocol.startsWith('http') !== true) return
  const shown = await target.get(one.verificationUri, { accept: 'text/html' })
  checks.must('RFC 8628 section 3.3', 'verification_uri answers', shown.status < 400, shown)
})
