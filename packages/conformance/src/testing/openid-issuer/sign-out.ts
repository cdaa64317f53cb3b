/** Signing out at the breakable issuer: by a client's wish, with a question to the person, and told to other clients. */
import { readHint } from './authorize.ts'
import { page, type Reply, redirect, signOutPage } from './pages.ts'
import { makeLogoutToken } from './tokens.ts'
import type { IssuerClient, IssuerSession, World } from './world.ts'

const withoutQuery = (uri: string): string => uri.replace(/\?.*$/s, '')

function isRegistered(world: World, client: IssuerClient | undefined, uri: string): boolean {
  if (world.has('sends-anywhere-after-sign-out')) return true
  if (world.has('ignores-queries-of-addresses'))
    return client?.postLogoutRedirectUris.some((one) => withoutQuery(one) === withoutQuery(uri)) === true
  return client?.postLogoutRedirectUris.includes(uri) === true
}

/** The wish of a client. Without a hint that can be believed nobody is sent anywhere. */
export function beginSignOut(world: World, parameters: URLSearchParams): Reply {
  const { has } = world
  const hint = parameters.get('id_token_hint')
  const uri = parameters.get('post_logout_redirect_uri')
  const claims = hint === null ? undefined : readHint(world, hint)
  if (has('breaks-on-sign-out')) return page(500, 'Broken', '')
  if (hint !== null && claims === undefined && !has('ignores-hints-at-sign-out')) return page(400, 'This does not work', '')
  const client = [...world.clients.values()].find((one) => one.id === claims?.aud)
  const guessed = has('sends-away-without-a-hint') ? [...world.clients.values()][0] : undefined
  const believed = client ?? guessed ?? (has('ignores-hints-at-sign-out') ? [...world.clients.values()][0] : undefined)
  if (uri !== null && believed === undefined) return signOutPage({ uri: '', state: '' })
  if (uri !== null && !isRegistered(world, believed, uri)) return page(400, 'This does not work', '')
  return signOutPage({ uri: uri ?? '', state: parameters.get('state') ?? '' })
}

async function tellClients(world: World, session: IssuerSession): Promise<void> {
  for (const id of session.clients) {
    const client = world.clients.get(id)
    if (client?.backchannelLogoutUri === undefined || world.has('tells-no-client')) continue
    const token = makeLogoutToken(world, client, session)
    const asJson = world.has('posts-logout-tokens-as-json')
    await fetch(client.backchannelLogoutUri, {
      method: 'POST',
      ...(asJson
        ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ logout_token: token }) }
        : { body: new URLSearchParams({ logout_token: token }) }),
    }).catch(() => undefined) // a client that is away keeps nobody from signing out
  }
}

export async function finishSignOut(world: World, session: IssuerSession | undefined, form: URLSearchParams): Promise<Reply> {
  const { has } = world
  if (session !== undefined) {
    if (!has('signs-nobody-out')) world.sessions.delete(session.sid)
    await tellClients(world, session)
  }
  const uri = form.get('uri')
  if (!uri || has('sends-nobody-back')) return page(200, 'You are signed out', '')
  const url = new URL(uri)
  const state = form.get('state')
  if (state && !has('forgets-state-at-sign-out')) url.searchParams.set('state', state)
  if (!state && has('invents-state-at-sign-out')) url.searchParams.set('state', 'invented')
  return redirect(url.href)
}
