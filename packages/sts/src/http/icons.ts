import { type Markup, trustedDrawing } from './html.ts'
import { drawings } from './icon-drawings.generated.ts'

export type IconName = keyof typeof drawings

/** A drawing of lucide. Decoration only: each stands beside the words that say the same. */
export const icon = (name: IconName): Markup =>
  trustedDrawing(
    `<svg class="icon icon-${name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${drawings[name]}</svg>`,
  )
