import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contrast, parseColour, toHex } from './colour.ts'
import { accentOf, darkTokens, lightTokens, renderTheme, type Tokens } from './theme.ts'

const accents = fc.record({
  lightness: fc.double({ min: 0, max: 1, noNaN: true }),
  chroma: fc.double({ min: 0, max: 0.4, noNaN: true }),
  hue: fc.double({ min: 0, max: 360, noNaN: true }),
})
const of = (tokens: Tokens, name: string) => tokens[name] ?? ''

describe('parseColour', () => {
  test('reads what it writes', () => {
    for (const hex of ['#0f766e', '#ffffff', '#000000', '#c02942']) {
      const colour = parseColour(hex)
      expect(colour && toHex(colour)).toBe(hex)
    }
  })

  test.each(['red', 'oklch(2 0 0)', 'oklch(0.5 0.1 900)', '#fff', 'url(x)', '#12345g', '}body{', ''])('refuses %j', (text) => {
    expect(parseColour(text)).toBeUndefined()
  })
})

describe('the tokens', () => {
  test('keep text at 4.5:1 and controls at 3:1 whatever the accent is, in light and dark', () => {
    fc.assert(
      fc.property(accents, (accent) => {
        for (const tokens of [lightTokens(accent), darkTokens(accent)]) {
          const ratio = (one: string, other: string) => contrast(of(tokens, one), of(tokens, other))
          for (const ground of ['surface', 'sunken']) {
            for (const text of ['ink', 'soft', 'accent-ink']) {
              expect(ratio(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
            }
          }
          for (const state of ['good', 'warn', 'bad']) {
            expect(ratio(state, `${state}-wash`), state).toBeGreaterThanOrEqual(4.5)
            expect(ratio(state, 'surface'), state).toBeGreaterThanOrEqual(4.5)
            expect(ratio('ink', `${state}-wash`), state).toBeGreaterThanOrEqual(4.5)
          }
          expect(ratio('soft', 'page')).toBeGreaterThanOrEqual(4.5)
          expect(ratio('on-accent', 'accent')).toBeGreaterThanOrEqual(4.5)
          expect(ratio('on-accent', 'accent-hover')).toBeGreaterThanOrEqual(4.5)
          expect(ratio('control', 'surface')).toBeGreaterThanOrEqual(3)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('let nothing but colours into the stylesheet', () => {
    const sheet = renderTheme(accentOf('red;}body{background:url(https://evil.example)'))
    expect(sheet).toBe(renderTheme(accentOf(undefined)))
    expect(sheet).not.toContain('evil')
  })
})
