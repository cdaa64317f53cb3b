import type { PageNeeds } from '../http/security-headers.ts'

/** One page in one state, as it would be sent. */
export interface Exhibit extends PageNeeds {
  readonly name: string
  readonly html: string
}

/** Where the forms of exhibits go; a browser test may point them at itself. */
export const exhibitAction = '/gallery/posted'
