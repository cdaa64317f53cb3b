import { de } from './de.ts'
import { en } from './en.ts'
import { fr } from './fr.ts'

/** A name in the catalogue. */
export type TextKey = keyof typeof en
/** Every text of the pages in one language. */
export type Messages = Readonly<Record<TextKey, string>>
export type Language = 'en' | 'de' | 'fr'

export const catalogues = { en, de, fr } as const satisfies Record<Language, Messages>
