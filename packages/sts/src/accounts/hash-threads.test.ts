import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import process from 'node:process'
import { describe, expect, test, vi } from 'vitest'
import { createHashThreads } from './hash-threads.ts'

const cheap = { memoryCost: 64, timeCost: 1, parallelism: 1 }
const bytes = (text: string) => Buffer.from(text, 'utf8')

describe('threads that hash', () => {
  test('tell right from wrong, many at a time, and leave the password as it was', async () => {
    const threads = createHashThreads({ most: 2, idleMilliseconds: 0 })
    const password = bytes('a long enough one')
    const stored = await threads.hash(password, cheap)
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    const tries = Array.from({ length: 20 }, (_, index) => threads.verify(stored, index % 3 === 0 ? password : bytes(`${index}`)))
    expect(threads.count).toBeLessThanOrEqual(2)
    expect(await Promise.all(tries)).toEqual(Array.from({ length: 20 }, (_, index) => index % 3 === 0))
    expect(password.toString()).toBe('a long enough one')
  })

  test('end when there is nothing to do, and begin again', async () => {
    const threads = createHashThreads({ most: 1, idleMilliseconds: 0 })
    const stored = await threads.hash(bytes('x'), cheap)
    await vi.waitFor(() => expect(threads.count).toBe(0))
    expect(await threads.verify(stored, bytes('x'))).toBe(true)
  })

  test('pass on what the hash function says, and go on', async () => {
    const threads = createHashThreads({ most: 1, idleMilliseconds: 0 })
    const [nonsense, stored] = await Promise.allSettled([threads.verify('nonsense', bytes('x')), threads.hash(bytes('x'), cheap)])
    expect(nonsense.status).toBe('rejected')
    expect(stored.status).toBe('fulfilled')
  })

  test('tell each of those who wait when they die one after the other, and keep nobody waiting for ever', async () => {
    const threads = createHashThreads({ most: 1, script: new URL('data:text/javascript,process.exit(3)') })
    const all = await Promise.allSettled(Array.from({ length: 3 }, () => threads.verify('x', bytes('x'))))
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(threads.count).toBe(0)
  })

  test.runIf(process.platform === 'linux')('give way to all other threads of the process', async () => {
    const threads = createHashThreads({ most: 1, idleMilliseconds: 1000 })
    await threads.hash(bytes('x'), cheap)
    const named = readdirSync('/proc/self/task').filter(
      (thread) => readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim() === 'hash',
    )
    expect(named.length).toBeGreaterThan(0)
    for (const thread of named) expect(getPriority(Number(thread))).toBe(Math.min(19, getPriority() + 10))
  })
})
