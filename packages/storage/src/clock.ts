/** Says what time it is. Whoever opens the store says which one. */
export type Clock = () => Date
