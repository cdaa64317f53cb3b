/**
 * doveadm asks a Dovecot over its administration by HTTP to end the connections of a person.
 *
 * It owns the form of the question and what the answer means, as Dovecot 2.3 and 2.4 speak it: `POST /doveadm/v1`, a command
 * `kick` with `mask`, one command a request, since Dovecot's documentation warns of several. Times out after five seconds.
 * @module
 */
import { isIP } from 'node:net'
import { z } from 'zod'

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>

/** `count`: connections that ended, or people whose connections did, whichever this Dovecot tells. `refused`: names that it can make nothing of. */
export type Kicked = Readonly<{ outcome: 'kicked'; count: number; refused: number } | { outcome: 'failed'; because: string }>

export interface Doveadm {
  /** Ends the connections of whoever has one of the names, without regard to case. Never throws. */
  kick(address: { url: string; key: string }, names: readonly string[]): Promise<Kicked>
}

const timeoutMilliseconds = 5_000
/** What `doveadm` ends with where nobody of that name is connected (`EX_NOHOST`), and for a mask that is none (`EX_USAGE`). */
const nobody = 68
const usage = 64

const answer = z
  .array(
    z.union([
      z.tuple([z.literal('doveadmResponse'), z.array(z.record(z.string(), z.unknown())), z.string()]),
      z.tuple([z.literal('error'), z.object({ type: z.string(), exitCode: z.number().optional() }), z.string()]),
    ]),
  )
  .length(1)

export function createDoveadm({ fetch }: { fetch: Fetch }): Doveadm {
  async function kickOne(address: { url: string; key: string }, mask: string): Promise<Kicked> {
    try {
      const response = await fetch(endpointOf(address.url), {
        method: 'POST',
        headers: {
          Authorization: `X-Dovecot-API ${Buffer.from(address.key, 'utf8').toString('base64')}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify([['kick', { mask: [mask] }, 'kick']]),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMilliseconds),
      })
      const text = await response.text()
      return response.status === 200 ? readAnswer(text) : { outcome: 'failed', because: `HTTP ${response.status}` }
    } catch (error) {
      return { outcome: 'failed', because: reasonOf(error) }
    }
  }

  return Object.freeze({
    async kick(address, names) {
      let count = 0
      let refused = 0
      for (const name of names) {
        // Dovecot would take an address of a network for just that, and put out all who come from there.
        if (isIP(name.split('/', 1)[0] ?? '') !== 0) continue
        // A star would put out everybody whose name has the same beginning; this one stands for a single letter.
        const kicked = await kickOne(address, name.replaceAll('*', '?'))
        if (kicked.outcome === 'failed') return kicked
        count += kicked.count
        refused += kicked.refused
      }
      return { outcome: 'kicked', count, refused }
    },
  } satisfies Doveadm)
}

/** The address may be given with its path or without. */
const endpointOf = (url: string): URL => new URL(`${url.replace(/\/+(doveadm\/v1\/*)?$/, '')}/doveadm/v1`)

/** Pure. Exported for its tests. */
export function readAnswer(text: string): Kicked {
  const parsed = answer.safeParse(parseJson(text))
  const [said] = parsed.success ? parsed.data : []
  if (said === undefined) return { outcome: 'failed', because: 'an answer that is none of doveadm' }
  if (said[0] === 'doveadmResponse') return { outcome: 'kicked', count: countOf(said[1]), refused: 0 }
  const { type, exitCode } = said[1]
  if (exitCode === nobody) return { outcome: 'kicked', count: 0, refused: 0 }
  if (exitCode === usage) return { outcome: 'kicked', count: 0, refused: 1 }
  return { outcome: 'failed', because: `${type} ${exitCode ?? ''}`.trim() }
}

/** 2.3 tells each name of those who were put out; 2.4 a number of connections. */
const countOf = (rows: readonly Readonly<Record<string, unknown>>[]): number =>
  rows.reduce((sum, row) => sum + (row.count === undefined ? 1 : Number(row.count) || 0), 0)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The code of the network, where fetch tells one. Never the key: no error of fetch quotes headers. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'fault'
  const { cause } = error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : error.name
}
