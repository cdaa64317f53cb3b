import { module } from '../../conformance-module.ts'
import { startListener } from '../../person/listener.ts'
import {
  canServe,
  describeRegistration,
  findRegistration,
  forgetClient,
  isRefusal,
  KIT_REDIRECT_URI,
  registerClient,
} from '../../person/registering.ts'

const CLAUSE = 'OpenID Connect Dynamic Client Registration 1.0 section 5'

/** A sector decides which clients see the same `sub` of a person: who is not listed must not join. */
export default module(
  'issuer',
  'checks sectors of clients',
  async (target, checks) => {
    const expected = 'a client registers for the sector whose document lists its redirect address'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined || !canServe(target, checks, CLAUSE, expected)) return
    await using listener = await startListener()
    const serve = (path: string, addresses: readonly string[]) =>
      listener.serve(path, { type: 'application/json', body: JSON.stringify(addresses) })
    const good = await registerClient(target, endpoint, { sector_identifier_uri: serve('/sector.json', [KIT_REDIRECT_URI]) })
    const { subject_types_supported: subjects } = await target.metadata()
    const isPairwise = Array.isArray(subjects) && subjects.includes('pairwise')
    if (isRefusal(good.answer) && !isPairwise)
      return checks.skip(CLAUSE, expected, 'the issuer refuses sectors, and all its subjects are public')
    checks.must(CLAUSE, expected, good.client !== undefined, describeRegistration(good))
    const bad = await registerClient(target, endpoint, {
      sector_identifier_uri: serve('/other.json', ['https://other.kit.example/']),
    })
    const isRefused = bad.client === undefined && bad.answer.status === 400
    checks.must(CLAUSE, 'a sector whose document does not list the address is refused', isRefused, describeRegistration(bad))
    await forgetClient(target, good)
    await forgetClient(target, bad)
  },
  { ids: ['oidcc-registration-sector-uri', 'oidcc-registration-sector-bad'] },
)
