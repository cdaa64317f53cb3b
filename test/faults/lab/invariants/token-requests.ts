import type { Act, Asked } from '../history.ts'

const ACTS: ReadonlySet<Act> = new Set(['redeem', 'refresh', 'program-token', 'device-token'])

/** Whether it went to the token endpoint. */
export const isTokenRequest = ({ act }: Asked): boolean => ACTS.has(act)
