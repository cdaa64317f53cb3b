/**
 * user-tokens makes the outer token: "I, the acting server, speak for this person" ([MS-XOAUTH] section 2.2.1, F§1.8).
 *
 * It owns the claims and the two forms. Pure but for the signature. It does not decide whether this server may act for anybody: the
 * token service says so in the actor token, and the other server has a table of its own.
 * @module
 */
import type { UserContext } from '../server-to-server/user-token.ts'
import type { ActorToken } from './actor-tokens.ts'
import { secondsOf } from './assertions.ts'
import type { SigningIdentity } from './signing-identity.ts'

/** Seconds. It lives no longer than one call may take; the start is set back for servers whose clock is behind. */
const setBack = 60
const ahead = 300

const members = ['upn', 'smtp', 'sip', 'nameid', 'nii'] as const

/**
 * The person in the spelling that goes on the wire: `upn` in lower case, a Windows SID (`nii` of Active Directory) in lower case,
 * everything else as it is.
 * @throws {TypeError} if nobody is named, `nameid` and `nii` do not come together, or a value is not short text
 */
export function requireUserContext(user: UserContext): UserContext {
  const said = members.flatMap((name) => (user[name] === undefined ? [] : [[name, user[name]] as const]))
  for (const [name, value] of said) {
    if (typeof value !== 'string' || !/^[^\p{Cc}]{1,320}$/u.test(value) || value !== value.trim())
      throw new TypeError(`${name} must be short text without control characters`)
  }
  const { upn, smtp, nameid, nii } = user
  if ((nameid === undefined) !== (nii === undefined)) throw new TypeError('nameid and nii come together')
  if (upn === undefined && smtp === undefined && nameid === undefined)
    throw new TypeError('A person is named by upn, by smtp, or by nameid with nii')
  const sid = nii === 'urn:office:idp:activedirectory'
  return Object.freeze({
    ...Object.fromEntries(said),
    ...(upn === undefined ? {} : { upn: upn.toLowerCase() }),
    ...(nameid !== undefined && sid ? { nameid: nameid.toLowerCase() } : {}),
  })
}

/**
 * The outer token around `actor`. It says `iss` and `aud` exactly as the actor token does and ends no later than that (F§1.10).
 * `unsigned` is the original Exchange form, `alg: none` with an empty third part: whoever can read such an actor token can make one, so
 * it is accepted only where an administrator of the other side decided to.
 */
export function makeUserToken(
  identity: SigningIdentity,
  wanted: { user: UserContext; actor: ActorToken; form: 'signed' | 'unsigned'; now: Date; jti: string },
): string {
  const { actor, form } = wanted
  const now = secondsOf(wanted.now)
  const claims = {
    aud: actor.audience,
    iss: actor.nameid,
    ...wanted.user,
    nbf: now - setBack,
    iat: now - setBack,
    exp: Math.min(now + ahead, actor.endsAtSeconds),
    ...(form === 'signed' ? { jti: wanted.jti } : {}),
    actortoken: actor.token,
  }
  if (form === 'signed') return identity.sign({ typ: 'JWT', alg: 'RS256', x5t: identity.x5t }, claims, wanted.now)
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode({ typ: 'JWT', alg: 'none' })}.${encode(claims)}.`
}
