import type { BoundFactor } from '@postern/mfa'
import type { Visit } from './visit.ts'

/**
 * Replacing is adding, and then removing. Which one is to go is carried by the pages in between, and read here each time
 * anew: only an own one counts, and whatever else was sent is as if nothing had been.
 */
export function withReplaced(visit: Visit, id: unknown): Visit {
  const replaces = visit.factors.find((one) => one.id === id)
  return replaces === undefined ? visit : { ...visit, view: { ...visit.view, replaces } }
}

/** Address of a page on the way, which carries on what is to be replaced. */
export const onward = ({ view, address }: Visit, below: string): string =>
  address(view.replaces === undefined ? below : `${below}?replaces=${encodeURIComponent(view.replaces.id)}`)

/** The one that takes the place of `factor`: an own one that works and is the younger of the two. */
export const successorOf = ({ factors }: Pick<Visit, 'factors'>, factor: BoundFactor, id: unknown): BoundFactor | undefined =>
  factors.find(
    (one) =>
      one.id === id && one.id !== factor.id && one.state === 'active' && one.createdAt.getTime() > factor.createdAt.getTime(),
  )
