/**
 * html is the one door to the template library (hono/html). Values are escaped unless they are Markup, and Markup is
 * made only here and in the two files that trace our own drawings (icons.ts, qr-code.ts).
 * @module
 */
import { raw, html as template } from 'hono/html'

/** HTML that is safe to put into a page. A plain string is not Markup and is escaped wherever it is inserted. */
export type Markup = ReturnType<typeof raw>

/** What a template accepts. `false` and `undefined` leave nothing behind, so `condition && html\`…\`` reads well. */
export type Fragment = Markup | string | number | false | undefined | readonly Fragment[]

/**
 * Tagged template whose values are escaped for element content and for quoted attributes (`& < > " '`).
 * Does NOT make a value safe in an unquoted attribute, in `<script>`, in `<style>` or as the scheme of a link.
 */
export function html(strings: TemplateStringsArray, ...values: Fragment[]): Markup {
  const rendered = template(strings, ...values)
  if (rendered instanceof Promise) throw new TypeError('a page template holds no promises')
  return rendered
}

/** Trusts `drawing` as it is. Only for text that is part of this program or that this program computed from numbers. */
export const trustedDrawing = (drawing: string): Markup => raw(drawing)

/**
 * Puts markup into a catalogue text: `phrase('to continue to {app}', { app: html\`<b>…</b>\` })`.
 * The text itself is escaped. A placeholder without a value throws, so that no page ever shows braces.
 */
export function phrase(text: string, values: Readonly<Record<string, Fragment>>): Markup {
  const parts = text.split(/\{(\w+)\}/)
  const filled = parts.map((part, at): Fragment => {
    if (at % 2 === 0) return part
    const value = values[part]
    if (value === undefined) throw new TypeError(`the text "${text}" needs a value for {${part}}`)
    return value
  })
  return html`${filled}`
}

/** The same for plain text, e.g. a title. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new TypeError(`the text "${text}" needs a value for {${name}}`)
    return String(value)
  })
}
