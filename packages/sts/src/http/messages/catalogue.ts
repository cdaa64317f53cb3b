import { de } from './de.ts'
import { en, type Messages } from './en.ts'
import { fr } from './fr.ts'

export type { Messages, TextKey } from './en.ts'
export type Language = 'en' | 'de' | 'fr'

/** Every text in every language. A missing or a surplus key does not compile. */
export const catalogues = { en, de, fr } as const satisfies Record<Language, Messages>
