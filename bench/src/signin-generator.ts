/**
 * A process of its own in which people sign in, a given number at a time, each person at most once in two steps of their TOTP.
 * It is told by messages who they are and for how long; it tells how many came through, and what it cost itself.
 */
import process from 'node:process'
import { type Walk, walk } from './signin-walk.ts'

export interface People extends Pick<Walk, 'issuer' | 'mail' | 'password'> {
  readonly people: readonly { readonly upn: string; readonly secret: string }[]
}

export interface SigninLoad {
  readonly atOnce: number
  readonly milliseconds: number
}

export interface SigninResult {
  readonly signedIn: number
  readonly requests: number
  readonly failed: number
  /** What the first failure said. */
  readonly failure?: string
  readonly milliseconds: number
  /** Processor time of this process. */
  readonly cpuMilliseconds: number
  readonly median: number
}

/** Nobody signs in twice within this, or their code could be one that is used up. */
const PAUSE = 65_000
let known: People | undefined
let next = 0
const lastAt = new Map<number, number>()

/** A source of their own for each: 127.1.0.1 and upwards. */
const addressOf = (index: number): string => `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255 || 1}`

async function run({ atOnce, milliseconds }: SigninLoad): Promise<SigninResult> {
  if (known === undefined) throw new TypeError('nobody was named')
  const { people, issuer, mail, password } = known
  const times: number[] = []
  let requests = 0
  let failed = 0
  let failure: string | undefined
  const before = process.cpuUsage()
  const start = performance.now()
  const person = async () => {
    while (performance.now() - start < milliseconds) {
      const index = next % people.length
      next += 1
      const { upn, secret } = people[index] ?? { upn: '', secret: '' }
      if (Date.now() - (lastAt.get(index) ?? 0) < PAUSE) throw new TypeError('too few people for so many sign-ins')
      lastAt.set(index, Date.now())
      const begun = performance.now()
      try {
        const walked = await walk({ issuer, mail, password, upn, secret, address: addressOf(index) })
        requests += walked.requests
        times.push(performance.now() - begun)
      } catch (error) {
        failed += 1
        failure ??= String(error)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, person))
  const elapsed = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  times.sort((one, other) => one - other)
  return {
    signedIn: times.length,
    requests,
    failed,
    ...(failure !== undefined && { failure }),
    milliseconds: elapsed,
    cpuMilliseconds: (user + system) / 1000,
    median: times[Math.floor(times.length / 2)] ?? Number.NaN,
  }
}

process.on('message', (message: People | SigninLoad) => {
  if ('people' in message) {
    known = message
    process.send?.({ ready: true })
    return
  }
  run(message).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
