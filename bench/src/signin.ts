/**
 * Whole sign-ins with password and TOTP per second, over HTTP and on PostgreSQL, beside what the hash of the password alone
 * allows on this machine; and how long tokens take for others while that storm lasts.
 */
import { availableParallelism } from 'node:os'
import { startPostgres } from '@postern/storage/contract'
import type { HashLoad } from './argon2-alone.ts'
import { askFor, forkBeside } from './forked.ts'
import { describeMachine } from './machine.ts'
import type { PacedLoad, PacedResult } from './paced-generator.ts'
import { measureInRounds, medianOf } from './rounds.ts'
import type { People, SigninLoad, SigninResult } from './signin-generator.ts'
import type { Result } from './table.ts'

/** People who sign in at the same time, and hashes at the same time. */
const AT_ONCE = 8
const TOKENS_PER_SECOND = 20
const TARGET_RATIO = 0.8
const TARGET_SLOWDOWN = 3

const p99 = (latencies: readonly number[]): number =>
  latencies.toSorted((one, other) => one - other)[Math.min(latencies.length - 1, Math.floor(latencies.length * 0.99))] ??
  Number.NaN

interface Served extends People {
  readonly token: { readonly url: string; readonly form: Record<string, string>; readonly credentials: string }
}

export async function benchSignin(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  const alone = stack.use(forkBeside('./argon2-alone.ts'))
  await alone.ask()
  const server = stack.use(forkBeside('./signin-server.ts', { POSTERN_BENCH_DATABASE: await postgres.createDatabase() }))
  const served = (await server.ask()) as unknown as Served // what signin-server.ts says first
  const generator = stack.use(forkBeside('./signin-generator.ts'))
  const { issuer, mail, password, people } = served
  await generator.ask({ issuer, mail, password, people } satisfies People)
  const pacer = stack.use(forkBeside('./paced-generator.ts'))

  const storms: SigninResult[] = []
  const serverCpu: number[] = []
  const quiet: number[][] = []
  const stormy: number[][] = []
  const storm = async (milliseconds: number, keep: boolean): Promise<number> => {
    const before = await askFor<number>(server, {}, 'cpuMilliseconds')
    const result = await askFor<SigninResult>(generator, { atOnce: AT_ONCE, milliseconds } satisfies SigninLoad, 'result')
    if (result.failed > 0) throw new TypeError(`${result.failed} sign-ins failed: ${result.failure}`)
    if (keep) {
      storms.push(result)
      serverCpu.push(((await askFor<number>(server, {}, 'cpuMilliseconds')) - before) / result.signedIn)
    }
    return (result.signedIn / result.milliseconds) * 1000
  }
  const tokens = async (milliseconds: number): Promise<number[]> => {
    const load: PacedLoad = {
      url: served.token.url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(served.token.credentials).toString('base64')}`,
      },
      body: new URLSearchParams(served.token.form).toString(),
      perSecond: TOKENS_PER_SECOND,
      milliseconds,
    }
    const { latencies, refused } = await askFor<PacedResult>(pacer, load, 'result')
    if (refused > 0) throw new TypeError(`${refused} tokens were refused`)
    return [...latencies]
  }

  const measured = await measureInRounds(
    [
      {
        name: 'bare argon2id',
        measure: (milliseconds) => askFor<number>(alone, { atOnce: AT_ONCE, milliseconds } satisfies HashLoad, 'perSecond'),
      },
      { name: 'sign-ins with password and TOTP', measure: (milliseconds) => storm(milliseconds, true) },
      {
        name: 'tokens, while nobody signs in',
        measure: async (milliseconds) => {
          quiet.push(await tokens(milliseconds))
          return TOKENS_PER_SECOND
        },
      },
      {
        name: 'tokens, while people sign in',
        measure: async (milliseconds) => {
          const [latencies] = await Promise.all([tokens(milliseconds), storm(milliseconds, false)])
          stormy.push(latencies)
          return TOKENS_PER_SECOND
        },
      },
    ],
    { ...options, milliseconds: options.milliseconds * 6 },
  )
  // The first of each is the warming round.
  const quietP99 = medianOf(quiet.slice(1).map(p99))
  const stormyP99 = medianOf(stormy.slice(1).map(p99))
  const [hashes, signins] = measured
  const ratio = (signins?.median ?? Number.NaN) / (hashes?.median ?? Number.NaN)
  const perSignin = (of: (storm: SigninResult) => number) => medianOf(storms.slice(1).map((one) => of(one) / one.signedIn))
  const generatorCpu = perSignin((one) => one.cpuMilliseconds)
  const requests = perSignin((one) => one.requests)
  const cpu = medianOf(serverCpu.slice(1))
  const hashCpu = (1000 * availableParallelism()) / (hashes?.median ?? Number.NaN)
  const slowdown = stormyP99 / quietP99
  return {
    name: 'signin',
    what: 'sign-ins with password and TOTP, and tokens for others meanwhile',
    unit: 'per second',
    baselines: ['bare argon2id'],
    measured: measured.slice(0, 2),
    targets: [
      { what: 'sign-ins / bare argon2id', value: ratio, atLeast: TARGET_RATIO },
      { what: 'token p99 under storm / quiet', value: slowdown, atMost: TARGET_SLOWDOWN },
    ],
    notes: [
      `Token p99 at ${TOKENS_PER_SECOND} per second: ${quietP99.toFixed(1)} ms while nobody signs in, ${stormyP99.toFixed(1)} ms while people do: ${slowdown.toFixed(2)} times.`,
      `${AT_ONCE} people at a time, each with a connection, a network address and a TOTP step of their own; ${requests.toFixed(1)} requests a sign-in. bare argon2id has ${AT_ONCE} checks in flight, with m=19456 t=2 p=1.`,
      `Processor time of one sign-in: ${cpu.toFixed(1)} ms in the service, of which about ${hashCpu.toFixed(1)} ms are the hash; ${generatorCpu.toFixed(1)} ms in the generator. PostgreSQL's comes on top; all share ${availableParallelism()} cores, and bare argon2id has them for itself.`,
      'Tokens are sent at a fixed pace from a third process; a latency counts from when its request was due.',
      'PostgreSQL runs with fsync off, as the tests start it.',
    ],
    figures: { ratio, quietP99, stormyP99, slowdown, serverCpuPerSignin: cpu, generatorCpuPerSignin: generatorCpu, requests },
    machine: describeMachine(['@node-rs/argon2'], options.now),
  }
}
