/**
 * A process of its own that checks one right password over and over with argon2id and does nothing else: the most sign-ins that
 * a machine could do, as the hash is what a sign-in must cost. Same parameters as the service, same number at once.
 */
import process from 'node:process'
import { hash, verify } from '@node-rs/argon2'

export interface HashLoad {
  readonly atOnce: number
  readonly milliseconds: number
}

// The first recommendation of the OWASP password storage cheat sheet, which is the service's default (R83).
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const password = 'a password of no value'
const stored = await hash(password, options)

process.on('message', ({ atOnce, milliseconds }: HashLoad) => {
  let done = 0
  const start = performance.now()
  const one = async () => {
    while (performance.now() - start < milliseconds) {
      if (!(await verify(stored, password))) throw new TypeError('the password is right')
      done += 1
    }
  }
  Promise.all(Array.from({ length: atOnce }, one)).then(
    () => process.send?.({ perSecond: (done / (performance.now() - start)) * 1000 }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.send?.({ ready: true })
process.on('disconnect', () => process.exit(0))
