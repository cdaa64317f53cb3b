/**
 * route is the koa kit's table row: a method and a path, the schemas of what comes in, and a handler that answers with a
 * value. The kit parses, refuses and sends; a handler never touches a header. It knows no domain: the realm's outline
 * (realm-view.ts) is put into `ctx.state` by the app, which also strips the realm's path.
 * @module
 */
import type { Context, Middleware } from 'koa'
import type { z } from 'zod'
import { parseFields, readForm } from './form.ts'
import { pickLanguage } from './language.ts'
import type { Language } from './messages/catalogue.ts'
import { RequestProblem } from './problems.ts'
import type { RealmView } from './realm-view.ts'
import { answerPage, type PageNeeds } from './security-headers.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type ParamNames<Path extends string> = Path extends `${infer Head}/${infer Tail}`
  ? ParamNames<Head> | ParamNames<Tail>
  : Path extends `:${infer Name}`
    ? Name
    : never
type Schemas = { readonly form?: z.ZodType; readonly query?: z.ZodType }
type Parsed<S extends Schemas, Part extends 'form' | 'query'> = S[Part] extends z.ZodType ? z.output<S[Part]> : undefined

/** A request that has passed its schemas. */
export interface Request<Path extends string = string, S extends Schemas = Schemas> {
  readonly ctx: Context
  readonly params: Readonly<Record<ParamNames<Path>, string>>
  readonly form: Parsed<S, 'form'>
  readonly query: Parsed<S, 'query'>
  readonly realm: RealmView
  /** By `Accept-Language` alone. */
  readonly language: Language
  /** By what the app asked for (`ui_locales`), then by `Accept-Language`. */
  languageFor(uiLocales: readonly string[]): Language
  /** Names this request in the log, in the audit trail and, small, on the page. */
  readonly reference: string
}

export type Answer =
  | ({
      readonly kind: 'page'
      readonly html: string
      readonly status: number
      readonly retryAfterSeconds?: number
      /** The browser asks again by itself after this time, without script: for a page that waits for something. */
      readonly refreshSeconds?: number
    } & PageNeeds)
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'json'; readonly value: unknown; readonly status: number }
  | ({ readonly kind: 'file' } & SentFile)

/** Something to be kept, not shown. */
export interface SentFile {
  /** Letters, digits, `.`, `-` and `_`. */
  readonly name: string
  readonly mediaType: string
  readonly content: Uint8Array
  /** For how long anybody on the way may keep it. Absent: nobody keeps it. */
  readonly publicSeconds?: number
}

export const page = (
  html: string,
  options: PageNeeds & { status?: number; retryAfterSeconds?: number; refreshSeconds?: number } = {},
): Answer => Object.freeze({ kind: 'page', status: 200, ...options, html })

/** 303, so that a reload never posts again (RFC 9110 15.4.4). `location` comes from us or from a registered client. */
export const redirect = (location: string): Answer => Object.freeze({ kind: 'redirect', location })

export const json = (value: unknown, status = 200): Answer => Object.freeze({ kind: 'json', value, status })

/** The browser saves it under its name, also where it could show or install it. */
export const file = (sent: SentFile): Answer => Object.freeze({ kind: 'file', ...sent })

/** One row of a feature's table. */
export interface Route {
  readonly method: Method
  /** Relative to the issuer's path; `:name` stands for one segment. */
  readonly path: string
  handle(ctx: Context, params: Readonly<Record<string, string>>): Promise<Answer>
}

/** What compose mounts. */
export interface Feature {
  readonly name: string
  readonly routes: readonly Route[]
}

/**
 * Declares a route. Form and query are parsed by their schemas before `handle` runs; fields that a schema does not name
 * are dropped. A route without a `form` schema does not read the body.
 */
export function route<M extends Method, Path extends `/${string}`, const S extends Schemas>(
  signature: `${M} ${Path}`,
  schemas: S,
  handle: (request: Request<Path, S>) => Promise<Answer>,
): Route {
  const [method, path] = splitSignature(signature)
  return Object.freeze({
    method,
    path,
    async handle(ctx: Context, params: Readonly<Record<string, string>>) {
      const form = schemas.form === undefined ? undefined : parse(schemas.form, await readForm(ctx.req))
      const query = schemas.query === undefined ? undefined : parse(schemas.query, parseFields(ctx.querystring))
      const acceptLanguage = ctx.get('Accept-Language')
      const realm: RealmView = ctx.state.realm
      const request = {
        ctx,
        params,
        form,
        query,
        realm,
        language: pickLanguage({ acceptLanguage }),
        languageFor: (uiLocales: readonly string[]) => pickLanguage({ uiLocales, acceptLanguage }),
        reference: String(ctx.state.reference ?? ''),
      }
      // The schemas above made form and query, and the router matched params against this very path.
      return handle(request as Request<Path, S>)
    },
  })
}

function splitSignature(signature: string): [Method, string] {
  const space = signature.indexOf(' ')
  return [signature.slice(0, space) as Method, signature.slice(space + 1)] // the template type allows nothing else
}

function parse(schema: z.ZodType, fields: Readonly<Record<string, string>>): unknown {
  const parsed = schema.safeParse(fields)
  if (parsed.success) return parsed.data
  // Paths name the fields; the values, which may be secrets, stay out of the log.
  const broken = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`)
  throw new RequestProblem('form_invalid', { detail: broken.join(', ') })
}

interface Matcher {
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly route: Route
}

function matcherOf(route: Route): Matcher {
  const segments = route.path.split('/').slice(1)
  const names = segments.filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1))
  const source = segments.map((segment) => (segment.startsWith(':') ? '([^/]+)' : segment.replaceAll(/[^\w-]/g, '\\$&')))
  return { pattern: new RegExp(`^/${source.join('/')}$`), names, route }
}

/**
 * Serves the routes. Unknown paths go on to the next middleware; a known path with another method is 405 with `Allow`.
 * HEAD is answered by the GET route. Two routes with one method and path are a mistake and throw.
 * @throws {RequestProblem} from form, query and path parsing; the app's error middleware answers it
 */
export function createRouter(routes: readonly Route[]): Middleware {
  const rows = routes.map((one) => `${one.method} ${one.path.replaceAll(/:\w+/g, ':')}`)
  const twice = rows.find((row, at) => rows.indexOf(row) !== at)
  if (twice !== undefined) throw new TypeError(`two routes for ${twice}`)
  const matchers = routes.map(matcherOf)

  const first = new Set(routes.map((one) => firstSegment(one.path)))

  return async (ctx, next) => {
    // Most requests are for no page at all, so no pattern need be tried.
    if (!first.has(firstSegment(ctx.path)) && !first.has(':')) return next()
    const here = matchers.filter((matcher) => matcher.pattern.test(ctx.path))
    if (here.length === 0) return next()
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    const matcher = here.find((one) => one.route.method === method)
    if (matcher === undefined) {
      ctx.set('Allow', allowed(here))
      throw new RequestProblem('method_not_allowed')
    }
    ctx.state.route = matcher.route.path
    send(ctx, await matcher.route.handle(ctx, paramsOf(matcher, ctx.path)))
  }
}

/** What stands before the second slash; `:` where any segment may. */
const firstSegment = (path: string): string => {
  const end = path.indexOf('/', 1)
  const segment = end === -1 ? path : path.slice(0, end)
  return segment.startsWith('/:') ? ':' : segment
}

function allowed(matchers: readonly Matcher[]): string {
  const methods: string[] = matchers.map((one) => one.route.method)
  return (methods.includes('GET') ? ['HEAD', ...methods] : methods).toSorted().join(', ')
}

function paramsOf(matcher: Matcher, path: string): Readonly<Record<string, string>> {
  const values = matcher.pattern.exec(path)?.slice(1) ?? []
  try {
    return Object.freeze(Object.fromEntries(matcher.names.map((name, at) => [name, decodeURIComponent(values[at] ?? '')])))
  } catch (cause) {
    throw new RequestProblem('malformed', { detail: 'broken percent escape in the path', cause })
  }
}

function send(ctx: Context, answer: Answer): void {
  if (answer.kind === 'page') {
    if (answer.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(answer.retryAfterSeconds))
    if (answer.refreshSeconds !== undefined) ctx.set('Refresh', String(answer.refreshSeconds))
    answerPage(ctx, answer.html, answer)
    return
  }
  ctx.set('Cache-Control', 'no-store')
  if (answer.kind === 'file') {
    if (!/^[\w.-]+$/.test(answer.name)) throw new TypeError('the name of a file that is sent must need no quoting')
    if (answer.publicSeconds !== undefined) ctx.set('Cache-Control', `public, max-age=${answer.publicSeconds}`)
    ctx.set('Content-Disposition', `attachment; filename="${answer.name}"`)
    ctx.status = 200
    ctx.type = answer.mediaType
    ctx.body = Buffer.from(answer.content)
    return
  }
  if (answer.kind === 'json') {
    ctx.status = answer.status
    ctx.body = answer.value
    return
  }
  ctx.status = 303
  ctx.set('Location', answer.location)
  ctx.body = ''
}
