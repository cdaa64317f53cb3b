import { type Colour, parseColour, readable, toHex } from './colour.ts'

const deepTeal: Colour = Object.freeze({ lightness: 0.52, chroma: 0.09, hue: 195 })

/** What a realm's accent is when it has set none, or one that we cannot read. */
export const accentOf = (accent: string | undefined): Colour =>
  (accent === undefined ? undefined : parseColour(accent)) ?? deepTeal

/** The custom properties of one scheme, name to `#rrggbb`. */
export type Tokens = Readonly<Record<string, string>>

/**
 * Works a whole palette out of one accent. Greys carry a trace of its hue. Whatever colour a realm chooses, text keeps
 * 4.5:1 and controls 3:1 (WCAG 2.2, 1.4.3 and 1.4.11): the accent is darkened or lightened until it does.
 */
export function lightTokens(accent: Colour): Tokens {
  const grey = (lightness: number, chroma = 0.006) => toHex({ lightness, chroma, hue: accent.hue })
  const page = grey(0.974, 0.0035)
  const surface = '#ffffff'
  const strong = readable(accent, [page, surface], 4.6, 'darker')
  const state = (hue: number) => readable({ lightness: 0.55, chroma: 0.16, hue }, [grey(0.95), wash(hue)], 4.6, 'darker')
  const wash = (hue: number) => toHex({ lightness: 0.965, chroma: 0.018, hue })
  return {
    page,
    surface,
    sunken: grey(0.965),
    ink: grey(0.25, 0.016),
    soft: grey(0.46, 0.014),
    line: grey(0.905),
    control: toHex(readable({ lightness: 0.68, chroma: 0.012, hue: accent.hue }, [page, surface], 3.1, 'darker')),
    accent: toHex(strong),
    'accent-hover': toHex({ ...strong, lightness: strong.lightness - 0.06 }),
    'accent-ink': toHex(readable(accent, [page, surface, grey(0.965)], 4.6, 'darker')),
    'accent-wash': toHex({ lightness: 0.955, chroma: Math.min(0.025, accent.chroma), hue: accent.hue }),
    'on-accent': '#ffffff',
    good: toHex(state(155)),
    'good-wash': wash(155),
    warn: toHex(state(70)),
    'warn-wash': wash(70),
    bad: toHex(state(25)),
    'bad-wash': wash(25),
  }
}

/** The same for dark surroundings, where the accent is light and carries dark letters. */
export function darkTokens(accent: Colour): Tokens {
  const grey = (lightness: number, chroma = 0.008) => toHex({ lightness, chroma, hue: accent.hue })
  const page = grey(0.175)
  const surface = grey(0.215)
  const raised = grey(0.265)
  const strong = readable({ ...accent, lightness: Math.max(accent.lightness, 0.76) }, [surface, raised], 4.6, 'lighter')
  const state = (hue: number) => toHex(readable({ lightness: 0.78, chroma: 0.11, hue }, [raised, wash(hue)], 4.6, 'lighter'))
  const wash = (hue: number) => toHex({ lightness: 0.285, chroma: 0.03, hue })
  return {
    page,
    surface,
    sunken: raised,
    ink: grey(0.94),
    soft: grey(0.745, 0.01),
    line: grey(0.32),
    control: toHex(readable({ lightness: 0.52, chroma: 0.012, hue: accent.hue }, [surface], 3.1, 'lighter')),
    accent: toHex(strong),
    'accent-hover': toHex({ ...strong, lightness: Math.min(1, strong.lightness + 0.05) }),
    'accent-ink': toHex(strong),
    'accent-wash': toHex({ lightness: 0.29, chroma: Math.min(0.03, accent.chroma), hue: accent.hue }),
    'on-accent': toHex({ lightness: 0.18, chroma: 0.02, hue: accent.hue }),
    good: state(155),
    'good-wash': wash(155),
    warn: state(80),
    'warn-wash': wash(80),
    bad: state(25),
    'bad-wash': wash(25),
  }
}

const declarations = (tokens: Tokens): string =>
  Object.entries(tokens)
    .map(([name, value]) => `  --${name}: ${value};`)
    .join('\n')

/** The head of the one stylesheet: both schemes, chosen by what the person's system prefers. */
export function renderTheme(accent: Colour): string {
  return `:root {
  color-scheme: light dark;
${declarations(lightTokens(accent))}
}
@media (prefers-color-scheme: dark) {
:root {
${declarations(darkTokens(accent))}
}
}
`
}
