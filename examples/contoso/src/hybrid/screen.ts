/**
 * Lines for a terminal: wrapped to its width, coloured where there are colours.
 *
 * Pure. It owns width and colour. What is said is the caller's business.
 */

export type Tone = 'plain' | 'title' | 'strong' | 'quiet' | 'good' | 'bad'

export type Screen = Readonly<{
  width: number
  paint: (tone: Tone, text: string) => string
  /** Text broken between words, and in addresses behind `/` and `@`; what is still too long is broken anywhere. */
  wrap: (text: string, options?: { indent?: string; hanging?: string; tone?: Tone }) => readonly string[]
  /** `-- title ------`, as wide as the screen. */
  rule: (title: string) => string
}>

const CODES: Readonly<Record<Tone, string>> = { plain: '', title: '1;36', strong: '1', quiet: '2', good: '32', bad: '31' }

/** @param options.columns of the terminal; undefined where there is none. */
export function createScreen(options: { columns: number | undefined; colours: boolean }): Screen {
  const width = Math.min(Math.max(options.columns ?? 80, 60), 100)
  const paint = (tone: Tone, text: string): string =>
    options.colours && CODES[tone] !== '' && text !== '' ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text
  const wrap: Screen['wrap'] = (text, { indent = '', hanging = indent, tone = 'plain' } = {}) => {
    const lines: string[] = []
    for (const paragraph of text.split('\n')) {
      let line = lines.length === 0 ? indent : hanging
      let isEmpty = true
      for (const word of paragraph.split(/(?<=[ ,;&@/])(?=[^\s/])/)) {
        let rest = word
        if (!isEmpty && line.length + rest.trimEnd().length > width) {
          lines.push(line.trimEnd())
          line = hanging
        }
        while (line.length + rest.trimEnd().length > width) {
          const room = width - line.length
          lines.push(line + rest.slice(0, room))
          rest = rest.slice(room)
          line = hanging
        }
        line += rest
        isEmpty = false
      }
      lines.push(line.trimEnd())
    }
    return lines.map((line) => paint(tone, line))
  }
  const rule = (title: string): string => {
    const text = `-- ${title} `
    return paint('title', text + '-'.repeat(Math.max(2, width - text.length)))
  }
  return Object.freeze({ width, paint, wrap, rule })
}
