import type { Surroundings } from '../../http/page-frame.ts'
import type { RealmView } from '../../http/realm-view.ts'

/** What every page of a sign-in is told. */
export interface SigninPage extends Surroundings {
  readonly realm: RealmView
  /** The app that asks, by its name. */
  readonly appName: string
  /** Where the page's main form goes. */
  readonly action: string
  readonly csrf: string
}
