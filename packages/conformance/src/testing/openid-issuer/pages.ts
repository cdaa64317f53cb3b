/** The pages of the breakable issuer, plain as can be. */
import type { IssuerClient } from './world.ts'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')

const hidden = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<input type=hidden name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('')

export const page = (status: number, title: string, main: string, headers: Reply['headers'] = {}): Reply => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...headers },
  body: `<!doctype html><html lang=en><head><title>${escapeHtml(title)}</title></head><body><h1>${escapeHtml(title)}</h1>${main}</body></html>`,
})

export const json = (status: number, value: unknown, headers: Reply['headers'] = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(value),
})

export const redirect = (location: string, headers: Reply['headers'] = {}): Reply => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', ...headers },
  body: '',
})

const aboutClient = (client: IssuerClient): string => {
  const { logo_uri: logo, policy_uri: policy, tos_uri: terms } = client.about
  return [
    logo === undefined ? '' : `<img alt="" src="${escapeHtml(logo)}">`,
    `<p>${escapeHtml(client.name)}</p>`,
    policy === undefined ? '' : `<a href="${escapeHtml(policy)}">Privacy</a>`,
    terms === undefined ? '' : `<a href="${escapeHtml(terms)}">Terms</a>`,
  ].join('')
}

export const signInPage = (pending: string, client: IssuerClient, hint: string, complaint?: string): Reply =>
  page(
    complaint === undefined ? 200 : 422,
    'Sign in',
    `${aboutClient(client)}<p>${complaint ?? ''}</p><form method=post action="signin">${hidden({ pending })}
<label>Name <input name=login value="${escapeHtml(hint)}" autocomplete=username></label>
<label>Password <input name=secret type=password></label>
<button name=do value=cancel>Cancel</button><button name=do value=signin>Sign in</button></form>`,
  )

export const consentPage = (pending: string, client: IssuerClient): Reply =>
  page(
    200,
    'Allow?',
    `${aboutClient(client)}<form method=post action="consent">${hidden({ pending })}
<button name=decision value=deny>Deny</button><button name=decision value=allow>Allow</button></form>`,
  )

export const signOutPage = (fields: Readonly<Record<string, string>>): Reply =>
  page(200, 'Sign out?', `<form method=post action="logout/confirm">${hidden(fields)}<button>Sign out</button></form>`)

export const formPostPage = (
  redirectUri: string,
  answer: Readonly<Record<string, string>>,
  how: { submits: boolean; method: string },
): Reply =>
  page(
    200,
    'One moment',
    `<form method=${how.method} action="${escapeHtml(redirectUri)}">${hidden(answer)}<noscript><button>Continue</button></noscript></form>
${how.submits ? '<script>document.forms[0].submit()</script>' : ''}`,
  )
