import type { Context, Middleware } from 'koa'
import { renderProblemPage } from './error-page.ts'
import { pickLanguage } from './language.ts'
import { problemAnswer, RequestProblem, type RequestProblemCode } from './problems.ts'
import type { RealmView } from './realm-view.ts'
import { answerPage } from './security-headers.ts'

/**
 * Answers what the kit refuses: a page for people, problem+json (RFC 9457) for programs. Faults pass through `codeOf`,
 * which may name those it knows (a database that is away is `unavailable`); the rest is `fault`, and `report` gets it.
 */
export function problemAnswers(options: {
  codeOf: (fault: unknown) => { code: RequestProblemCode; retryAfterSeconds?: number } | undefined
  report: (fault: unknown, ctx: Context) => void
}): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (thrown) {
      if (thrown instanceof RequestProblem) {
        answerProblem(ctx, thrown.code, thrown.retryAfterSeconds)
        return
      }
      const known = options.codeOf(thrown)
      options.report(thrown, ctx)
      answerProblem(ctx, known?.code ?? 'fault', known?.retryAfterSeconds)
    }
  }
}

/** Writes one problem as the answer. */
export function answerProblem(ctx: Context, code: RequestProblemCode, retryAfterSeconds?: number): void {
  const { status } = problemAnswer(code)
  const reference = String(ctx.state.reference ?? '')
  if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds))
  // Programs that take anything get JSON; browsers name HTML.
  if (ctx.accepts('json', 'html') === 'html') {
    const realm: RealmView | undefined = ctx.state.realm
    const language = pickLanguage({ acceptLanguage: ctx.get('Accept-Language') })
    answerPage(ctx, renderProblemPage({ ...(realm === undefined ? {} : { realm }), language, reference }, code), { status })
    return
  }
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { type: 'about:blank', title: code, status, reference }
  ctx.type = 'application/problem+json'
}
