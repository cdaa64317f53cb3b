import { module } from '../../conformance-module.ts'
import { askUserinfo, mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 5.4'
const TYPES = 'OpenID Connect Core 1.0 section 5.1'

const CLAIMS = {
  profile:
    'name family_name given_name middle_name nickname preferred_username profile picture website gender birthdate zoneinfo locale updated_at',
  email: 'email email_verified',
  address: 'address',
  phone: 'phone_number phone_number_verified',
} as const

const isAddress = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((one) => typeof one === 'string')

/** Whether a claim has the type that section 5.1 gives it; names that it does not know may be anything. */
function isWellFormed(name: string, value: unknown): boolean {
  if (name === 'email_verified' || name === 'phone_number_verified') return typeof value === 'boolean'
  if (name === 'updated_at') return typeof value === 'number'
  if (name === 'address') return isAddress(value)
  return typeof value === 'string'
}

export default module(
  'issuer',
  'gives the claims that scopes stand for',
  async (target, checks) => {
    const { scopes_supported: supported } = await target.metadata()
    const scopes = Object.keys(CLAIMS) as (keyof typeof CLAIMS)[] // the keys of the table above
    const known = scopes.filter((scope) => !Array.isArray(supported) || supported.includes(scope))
    for (const scope of scopes.filter((one) => !known.includes(one)))
      checks.skip(CLAUSE, `scope ${scope} stands for its claims`, 'scopes_supported does not list it')
    for (const asked of [...known.map((one) => [one]), ...(known.length > 1 ? [known] : [])]) {
      const words = asked.join(' ')
      const flow = await walkCodeFlow(target, { change: { scope: `openid ${words}` } })
      if (!mustSucceed(checks, CLAUSE, `scope openid ${words} leads to a code and a valid ID token`, flow)) continue
      const { json = {} } = await askUserinfo(target, flow.accessToken)
      const told = { ...flow.claims, ...json }
      checks.must(
        CLAUSE,
        `userinfo of scope ${words} is about the person of the ID token`,
        json.sub === flow.claims.sub,
        json.sub,
      )
      const names = asked.flatMap((scope) => CLAIMS[scope].split(' '))
      const odd = names.filter((name) => told[name] !== undefined && !isWellFormed(name, told[name]))
      checks.must(TYPES, `every claim of scope ${words} has its type`, odd.length === 0, odd)
      const silent = asked.filter((scope) => CLAIMS[scope].split(' ').every((name) => told[name] === undefined))
      checks.should(CLAUSE, `scope ${words} gives at least one claim for each of its names`, silent.length === 0, silent)
    }
  },
  {
    ids: ['oidcc-scope-profile', 'oidcc-scope-email', 'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all'],
    variants: ['form_post'],
  },
)
