import type { Context, Middleware } from 'koa'

/** What one page needs beyond the strict rule. */
export interface PageNeeds {
  /**
   * Where a form of this page may end. `'self'`: on this site. `'anywhere'`: Chrome holds `form-action` against every
   * redirect that follows a post (CSP3 section 6.4.1 leaves it open), and a sign-in ends at the app's own redirect
   * address, which may be `http://127.0.0.1:…` or `com.example.mail:/…`. Such pages hold no markup from outside.
   */
  readonly forms?: 'self' | 'anywhere'
  /** Our own script files, for a page that has one. Inline script stays refused. */
  readonly scripts?: boolean
}

/** Writes the Content-Security-Policy of one page (CSP Level 3). No inline script, no inline style, no frame around it. */
export function pagePolicy(needs: PageNeeds = {}): string {
  return [
    `default-src 'none'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
    `style-src 'self'`,
    `font-src 'self'`,
    `img-src 'self' data:`,
    ...(needs.scripts === true ? [`script-src 'self'`] : []),
    ...(needs.forms === 'anywhere' ? [] : [`form-action 'self'`]),
  ].join('; ')
}

/** Answers with a page: type, policy, no storing. Also for pages that oidc-provider asks us to render. */
export function answerPage(ctx: Context, page: string, options: PageNeeds & { status?: number } = {}): void {
  ctx.status = options.status ?? 200
  ctx.set('Content-Security-Policy', pagePolicy(options))
  ctx.set('Cache-Control', 'no-store')
  ctx.type = 'text/html; charset=utf-8'
  ctx.body = page
}

/** oidc-provider's self-submitting forms append the hash of their script to `script-src`, where they find one. */
const basePolicy = `default-src 'none'; script-src 'none'; base-uri 'none'; frame-ancestors 'none'`

/**
 * The headers of every answer, set before anything else so that errors carry them too. Whatever answers may replace
 * them (pages their policy, assets their caching).
 */
export function securityHeaders(options: { https: boolean }): Middleware {
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', basePolicy)
    ctx.set('X-Content-Type-Options', 'nosniff')
    ctx.set('Referrer-Policy', 'no-referrer')
    // No Cross-Origin-Opener-Policy: browser apps sign in through a popup and wait for it by its window.
    ctx.set('Cache-Control', 'no-store')
    if (options.https) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains')
    await next()
    // A hash that was appended stands beside 'none' now, which browsers ignore there and complain about.
    const policy = ctx.response.get('Content-Security-Policy')
    if (policy.includes("'none' 'sha256-")) ctx.set('Content-Security-Policy', policy.replace("'none' 'sha256-", "'sha256-"))
  }
}
