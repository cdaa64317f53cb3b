import { createHash } from 'node:crypto'
import type { AccountId, RealmStore } from '@postern/storage'
import type { Context } from 'koa'
import type { RealmView } from '../http/realm-view.ts'
import type { BrowserMemory } from './ports.ts'

type Place = Readonly<{ ctx: Context; realm: RealmView; store: RealmStore }>

const prefixOf = ({ realm }: Place): string =>
  `${realm.issuer.startsWith('https:') ? '__Secure-' : ''}postern_browser_${realm.id.slice(0, 8)}_`

/** One cookie for each account that this browser was remembered for: people share browsers. */
const cookieName = (place: Place, accountId: AccountId): string =>
  `${prefixOf(place)}${createHash('sha256').update(accountId).digest('base64url').slice(0, 8)}`

/** The id in front of the secret. Nobody believes it before the secret was checked. */
const idIn = (cookie: string): string => cookie.slice(0, cookie.indexOf('.'))

/** Has the browser keep the secret by which it is known again. It goes to the pages of this realm alone. */
export function keepBrowserCookie(place: Place, accountId: AccountId, kept: { cookie: string; expiresAt: Date }): void {
  place.ctx.cookies.set(cookieName(place, accountId), kept.cookie, {
    httpOnly: true,
    secure: place.realm.issuer.startsWith('https:'),
    sameSite: 'lax',
    path: place.realm.path,
    expires: kept.expiresAt,
    overwrite: true,
    signed: true,
  })
}

/** What this browser keeps for the account. Nobody believes it before it was recognised. */
export const keptBrowserCookie = (place: Place, accountId: AccountId): string | undefined =>
  place.ctx.cookies.get(cookieName(place, accountId), { signed: true }) || undefined

/** Whether this browser was remembered for the account. A signal, never a proof (R129). */
export async function findKnownBrowser(
  place: Place,
  accountId: AccountId,
  browsers: Pick<BrowserMemory, 'recognise'>,
): Promise<{ accountId: AccountId; id: string } | undefined> {
  const cookie = keptBrowserCookie(place, accountId)
  if (cookie === undefined) return undefined
  return (await browsers.recognise(place.store, accountId, cookie)) ? { accountId, id: idIn(cookie) } : undefined
}

/** The same before anybody has proved whose name was typed. A browser without such a cookie costs nothing. */
export async function findBrowserOfName(
  place: Place,
  name: string,
  browsers: Pick<BrowserMemory, 'recognise'>,
): Promise<{ accountId: AccountId; id: string } | undefined> {
  if (!place.ctx.get('Cookie').includes(prefixOf(place))) return undefined
  const account = await place.store.accounts.findByName(name)
  return account && findKnownBrowser(place, account.id, browsers)
}
