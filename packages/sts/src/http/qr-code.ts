import { encode } from 'uqr'
import { html, type Markup, trustedDrawing } from './html.ts'

/** Modules of white around the code (ISO/IEC 18004 asks for four). */
const quiet = 4

/**
 * Draws a QR code as inline SVG: one path of rectangles on whole units, so it is crisp at any size. Dark on white in every
 * scheme, because many apps do not read inverted codes. Only numbers that the encoder made go into the drawing.
 */
export function renderQrCode(text: string, label: string): Markup {
  const { data, size } = encode(text, { ecc: 'M', border: 0 })
  const side = size + 2 * quiet
  const path = data
    .map((row, y) =>
      runs(row)
        .map(({ from, length }) => `M${from + quiet} ${y + quiet}h${length}v1h-${length}z`)
        .join(''),
    )
    .join('')
  const shapes = trustedDrawing(`<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#111" d="${path}"/>`)
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">${shapes}</svg>`
}

/** The dark stretches of one row. */
function runs(row: readonly boolean[]): readonly { from: number; length: number }[] {
  const starts = row.flatMap((dark, x) => (dark && !row[x - 1] ? [x] : []))
  return starts.map((from) => {
    const end = row.findIndex((dark, x) => x > from && !dark)
    return { from, length: (end === -1 ? row.length : end) - from }
  })
}
