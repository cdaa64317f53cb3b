import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Markup, trustedDrawing } from './html.ts'

const packaged = createRequire(import.meta.url)

/** Drawings of lucide that pages use. Decoration only: each stands beside the words that say the same. */
const drawings = [
  'app-window',
  'arrow-left',
  'arrow-right',
  'ban',
  'check',
  'circle-alert',
  'circle-check',
  'clock',
  'cookie',
  'eye',
  'eye-off',
  'log-out',
  'monitor-smartphone',
  'qr-code',
  'smartphone',
  'triangle-alert',
] as const

export type IconName = (typeof drawings)[number]

function draw(name: IconName): Markup {
  const file = readFileSync(packaged.resolve(`lucide-static/icons/${name}.svg`), 'utf8')
  const shapes = /<svg[^>]*>(.*)<\/svg>/s.exec(file)?.[1]
  if (shapes === undefined) throw new TypeError(`lucide has no drawing in ${name}.svg`)
  const compact = shapes.replaceAll(/\s+/g, ' ').trim()
  return trustedDrawing(
    `<svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${compact}</svg>`,
  )
}

const drawn = new Map<IconName, Markup>(drawings.map((name) => [name, draw(name)]))

export function icon(name: IconName): Markup {
  const markup = drawn.get(name)
  if (markup === undefined) throw new TypeError(`no icon ${name}`)
  return markup
}
