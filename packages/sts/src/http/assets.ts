import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Context, Middleware } from 'koa'
import { toHex } from './colour.ts'
import type { RealmView } from './realm-view.ts'
import { accentOf, renderTheme } from './theme.ts'

/**
 * Files that pages need, served from `{base}/assets/` and never from elsewhere. They are read once, when this module is
 * loaded: a file that is missing stops the start instead of the first page. Every address holds a hash of the content,
 * so browsers may keep it for ever.
 */
const packaged = createRequire(import.meta.url)
const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('base64url').slice(0, 12)
const own = (name: string): string => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8')

const subsets: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(packaged.resolve('@fontsource-variable/inter/unicode.json'), 'utf8'),
)

interface Font {
  readonly name: string
  readonly range: string
  readonly content: Buffer
}

const fonts: readonly Font[] = Object.entries(subsets).map(([subset, range]) => {
  const content = readFileSync(packaged.resolve(`@fontsource-variable/inter/files/inter-${subset}-wght-normal.woff2`))
  return Object.freeze({ name: `inter-${subset}-${hashOf(content)}.woff2`, range, content })
})

const fontFaces = fonts
  .map(
    (font) => `@font-face {
  font-family: 'Inter Variable';
  font-style: normal;
  font-weight: 100 900;
  font-display: swap;
  src: url(${font.name}) format('woff2');
  unicode-range: ${font.range};
}
`,
  )
  .join('')

const style = ['frame.css', 'controls.css', 'pieces.css', 'factors.css', 'portal.css', 'portal-mail.css'].map(own).join('\n')
/** Of a package that exports no way to its files but its entry. */
const bundleOf = (name: string, file: string): string =>
  readFileSync(new URL(file, pathToFileURL(packaged.resolve(name))), 'utf8')

/** What a page may name as its script. One file each, so that a page makes one request. To add one: a line here. */
const scripts = {
  revealPassword: named('reveal-password', own('reveal-password.js')),
  webauthn: named('webauthn', `${bundleOf('@simplewebauthn/browser', '../dist/bundle/index.umd.min.js')}\n${own('webauthn.js')}`),
  countdown: named('countdown', own('countdown.js')),
  recoveryCodes: named('recovery-codes', own('recovery-codes.js')),
} as const
const scriptByName = new Map(Object.values(scripts).map(({ name, content }) => [name, content]))

function named(name: string, content: string): { readonly name: string; readonly content: string } {
  return Object.freeze({ name: `${name}-${hashOf(content)}.js`, content })
}

const styleHash = hashOf(renderTheme(accentOf(undefined)) + fontFaces + style)
const fontByName = new Map(fonts.map((font) => [font.name, font.content]))

const stylesheet = (accent: string): string => `${renderTheme(accentOf(accent))}${fontFaces}${style}`
const styleName = (accent: string | undefined): string => `postern-${toHex(accentOf(accent)).slice(1)}-${styleHash}.css`

/** Addresses of the assets as pages name them. The realm's path ends with its id; assets lie beside realms. */
export function assetAddresses(realm: RealmView | undefined): Readonly<Record<'style' | 'font' | keyof typeof scripts, string>> {
  const base = realm === undefined ? '' : realm.path.slice(0, realm.path.lastIndexOf('/'))
  const latin = fonts.find((font) => font.name.startsWith('inter-latin-') && !font.name.startsWith('inter-latin-ext'))
  return {
    style: `${base}/assets/${styleName(realm?.accent)}`,
    revealPassword: `${base}/assets/${scripts.revealPassword.name}`,
    webauthn: `${base}/assets/${scripts.webauthn.name}`,
    countdown: `${base}/assets/${scripts.countdown.name}`,
    recoveryCodes: `${base}/assets/${scripts.recoveryCodes.name}`,
    font: `${base}/assets/${latin?.name ?? ''}`,
  }
}

/**
 * Serves `/assets/*` below wherever it is mounted; other paths go on. The stylesheet of every accent is worked out from
 * the six digits in its name, so nothing has to be kept and no realm has to be known here.
 */
export function assets(): Middleware {
  return async (ctx, next) => {
    const name = /^\/assets\/([\w.-]+)$/.exec(ctx.path)?.[1]
    if (name === undefined) return next()
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.status = 405
      ctx.set('Allow', 'GET, HEAD')
      return
    }
    const font = fontByName.get(name)
    if (font !== undefined) return give(ctx, font, 'font/woff2', true)
    const script = scriptByName.get(name)
    if (script !== undefined) return give(ctx, script, 'text/javascript; charset=utf-8', true)
    const parts = /^postern-([0-9a-f]{6})-([\w-]{12})\.css$/.exec(name)
    if (parts?.[1] === undefined) return next()
    // During a rolling update one process may be asked for the other's version: it gives its own, not to be kept.
    give(ctx, stylesheet(`#${parts[1]}`), 'text/css; charset=utf-8', parts[2] === styleHash)
  }
}

function give(ctx: Context, content: string | Buffer, type: string, keep: boolean): void {
  ctx.status = 200
  ctx.set('Cache-Control', keep ? 'public, max-age=31536000, immutable' : 'no-store')
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin')
  ctx.type = type
  ctx.body = content
}
