/** A colour in OKLCH (CSS Color 4): lightness 0-1, chroma 0-0.4, hue in degrees. */
export interface Colour {
  readonly lightness: number
  readonly chroma: number
  readonly hue: number
}

type Triple = readonly [number, number, number]

/** Reads `#rrggbb` or `oklch(l c h)`; `undefined` for anything else, so that no other text ever reaches a stylesheet. */
export function parseColour(text: string): Colour | undefined {
  const hex = /^#?([0-9a-f]{6})$/i.exec(text.trim())?.[1]
  if (hex !== undefined) return fromSrgb(hexToSrgb(hex))
  const parts = /^oklch\(\s*([\d.]+)(%?)\s+([\d.]+)\s+([\d.]+)(?:deg)?\s*\)$/i.exec(text.trim())
  if (parts === null) return undefined
  const lightness = Number(parts[1]) / (parts[2] === '%' ? 100 : 1)
  const colour = { lightness, chroma: Number(parts[3]), hue: Number(parts[4]) }
  const inRange = lightness >= 0 && lightness <= 1 && colour.chroma <= 0.4 && colour.hue <= 360
  return inRange ? colour : undefined
}

/** `#rrggbb`; chroma that a screen cannot show is taken back until it can, so lightness (and contrast) stay. */
export function toHex(colour: Colour): string {
  let chroma = colour.chroma
  let srgb = toSrgb({ ...colour, chroma })
  while (chroma > 0 && srgb.some((part) => part < -0.0005 || part > 1.0005)) {
    chroma = Math.max(0, chroma - 0.004)
    srgb = toSrgb({ ...colour, chroma })
  }
  const byte = (part: number) => Math.round(Math.min(1, Math.max(0, part)) * 255)
  return `#${srgb.map((part) => byte(part).toString(16).padStart(2, '0')).join('')}`
}

/** Contrast ratio of two `#rrggbb` colours (WCAG 2.2), 1 to 21. */
export function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

/** The same hue at the lightness nearest to its own that reaches `ratio` against every one of `grounds`. */
export function readable(colour: Colour, grounds: readonly string[], ratio: number, direction: 'darker' | 'lighter'): Colour {
  const step = direction === 'darker' ? -0.01 : 0.01
  let candidate = colour
  while (grounds.some((ground) => contrast(toHex(candidate), ground) < ratio)) {
    const lightness = candidate.lightness + step
    if (lightness < 0 || lightness > 1) break
    candidate = { ...candidate, lightness }
  }
  return candidate
}

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
const gamma = (part: number): number => (part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055)
const hexToSrgb = (hex: string): Triple =>
  [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Triple // three offsets, three numbers

function luminance(hex: string): number {
  const [r, g, b] = hexToSrgb(hex.replace('#', ''))
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

// The matrices are those of CSS Color 4, section 18 (OKLab by way of linear sRGB).
function fromSrgb(srgb: Triple): Colour {
  const [r, g, b] = [linear(srgb[0]), linear(srgb[1]), linear(srgb[2])]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  const lightness = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s
  return { lightness, chroma: Math.hypot(a, bb), hue: ((Math.atan2(bb, a) * 180) / Math.PI + 360) % 360 }
}

function toSrgb({ lightness, chroma, hue }: Colour): Triple {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}
