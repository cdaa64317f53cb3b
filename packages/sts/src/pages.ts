import type { Context } from 'koa'
import { type DevicePage, renderDeviceDone, renderUserCodeConfirm, renderUserCodeInput } from './device/device.ts'
import { renderErrorPage, renderRefusedRequest } from './http/error-page.ts'
import { messagesIn, pickLanguage } from './http/language.ts'
import type { RealmView } from './http/realm-view.ts'
import { answerPage } from './http/security-headers.ts'
import type { ProviderPages } from './protocol/provider.ts'
import { renderLoggedOut, renderLogoutConfirm } from './signin/views/logout-pages.ts'
import { renderLostPage } from './signin/views/lost-page.ts'

/** Joins the pages of features to the places where oidc-provider asks for one. It decides nothing but the language. */
export function createPages(): ProviderPages {
  return {
    deviceCodeInput(ctx, form) {
      const { problem, ...rest } = form
      if (problem === 'failed') {
        refuse(ctx, { error: 'access_denied' })
        return
      }
      const html = renderUserCodeInput({ ...surroundingsOf(ctx), ...rest, ...(problem === undefined ? {} : { problem }) })
      // A post ends on this very site; only the sign-in that may follow leaves it.
      answerPage(ctx, html, { status: problem === undefined || problem === 'missing' ? 200 : 400, forms: 'anywhere' })
    },
    deviceCodeConfirm: (ctx, form) =>
      answerPage(ctx, renderUserCodeConfirm({ ...surroundingsOf(ctx), ...form }), { forms: 'anywhere' }),
    deviceDone: (ctx, done) => answerPage(ctx, renderDeviceDone({ ...surroundingsOf(ctx), ...done })),
    logoutConfirm: (ctx, form) =>
      answerPage(ctx, renderLogoutConfirm({ ...surroundingsOf(ctx), ...form }), { forms: 'anywhere' }),
    lost: (ctx, why) => answerPage(ctx, renderLostPage(surroundingsOf(ctx), why), { status: 400 }),
    loggedOut: (ctx) => answerPage(ctx, renderLoggedOut(surroundingsOf(ctx))),
    error: refuse,
  }
}

/** A page for people, an OAuth error for programs; the status stays the one that the protocol gave. */
function refuse(ctx: Context, problem: { error: string; description?: string | undefined }): void {
  const status = Math.max(ctx.status, 400)
  if (ctx.accepts('json', 'html') !== 'html') {
    ctx.status = status
    ctx.body = { error: problem.error, ...(problem.description === undefined ? {} : { error_description: problem.description }) }
    return
  }
  const surroundings = { ...surroundingsOf(ctx), reference: String(ctx.state.reference ?? '') }
  if (problem.error === 'slow_down') {
    const texts = messagesIn(surroundings.language)
    const html = renderErrorPage(surroundings, { title: texts.problemTitleBusy, happened: texts.problemBusy })
    answerPage(ctx, html, { status: 429 })
    return
  }
  const { error, description } = problem
  answerPage(ctx, renderRefusedRequest(surroundings, { error, ...(description === undefined ? {} : { description }) }), {
    status,
  })
}

function surroundingsOf(ctx: Context): Pick<DevicePage, 'realm' | 'language'> {
  const realm: RealmView = ctx.state.realm
  // What the request asked for, then what the browser prefers.
  const uiLocales = typeof ctx.query.ui_locales === 'string' ? ctx.query.ui_locales.split(' ') : []
  const language = pickLanguage({ uiLocales, acceptLanguage: ctx.get('Accept-Language') })
  return { realm, language }
}
