/**
 * The drawings of lucide that the pages use, as a source file. Made once and committed, so that running the service does
 * not install thousands of drawings for a dozen.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const packaged = createRequire(import.meta.url)

/** Each stands beside the words that say the same. */
const names = [
  'app-window',
  'arrow-left',
  'arrow-right',
  'ban',
  'bell-ring',
  'check',
  'chevron-down',
  'chevron-right',
  'circle-alert',
  'circle-check',
  'clock',
  'cookie',
  'copy',
  'download',
  'eye',
  'eye-off',
  'globe',
  'history',
  'key-round',
  'laptop',
  'life-buoy',
  'lock',
  'log-out',
  'mail',
  'message-square',
  'monitor',
  'monitor-smartphone',
  'pencil',
  'phone',
  'plus',
  'printer',
  'qr-code',
  'server',
  'shield-check',
  'smartphone',
  'tablet',
  'ticket',
  'trash-2',
  'triangle-alert',
] as const

export async function renderIconDrawings(): Promise<string> {
  const { version } = JSON.parse(await readFile(packaged.resolve('lucide-static/package.json'), 'utf8')) as { version: string } // every package has one
  const lines = await Promise.all(names.map(async (name) => `  '${name}': '${await drawingOf(name)}',`))
  return `// Made by pnpm generate from lucide-static ${version} (https://lucide.dev, ISC License, Copyright Lucide Contributors).
// The shapes inside each drawing's <svg viewBox="0 0 24 24">.
export const drawings = {
${lines.map((line) => line.replace(/^ {2}'([a-z]+)':/, '  $1:')).join('\n')}
} as const
`
}

async function drawingOf(name: string): Promise<string> {
  const file = await readFile(packaged.resolve(`lucide-static/icons/${name}.svg`), 'utf8')
  const shapes = /<svg[^>]*>(.*)<\/svg>/s.exec(file)?.[1]
  if (shapes === undefined) throw new TypeError(`lucide has no drawing in ${name}.svg`)
  return shapes.replaceAll(/\s+/g, ' ').trim().replaceAll("'", "\\'")
}
