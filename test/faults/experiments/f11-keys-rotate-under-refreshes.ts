import { createPrivateKey } from 'node:crypto'
import { decodeProtectedHeader, SignJWT } from 'jose'
import { createTally, experiment } from '../lab/experiment.ts'
import { claimsOf } from '../lab/history.ts'
import { load } from '../lab/load.ts'
import { startTrustingServer } from '../lab/mail-servers.ts'
import { openMovedWorld } from '../lab/moved-world.ts'
import { operate } from '../lab/operator.ts'

/** The longest that a mail server goes on with a key set while its issuer answers, in seconds. */
const cacheSeconds = 600
/** No access token lives longer; so long a retired key is published. */
const daySeconds = 86_400

export default experiment(
  'F11',
  'The signing key rotates while a hundred clients refresh',
  async (lab) => {
    const tally = createTally()
    const clientCount = lab.budget === 'short' ? 10 : 100
    const world = await openMovedWorld(lab, { ownProcess: true })
    const { sts, clock } = world
    const browser = await world.browser()
    const clients = await Promise.all(
      Array.from({ length: clientCount }, (_, index) => world.signedIn(`client ${index}`, browser)),
    )
    const reader = world.client('reader')
    const server = startTrustingServer({ issuer: sts.issuer, clock })
    const [old] = await sts.kept.signingKeys.list(clock())
    if (old === undefined) throw new TypeError('the realm has no key')

    const published = async (): Promise<string[]> => {
      const answer = await reader.ask({ act: 'metadata', method: 'GET', path: `/${sts.realm.id}/discovery/v2.0/keys` })
      const { keys = [] } = (answer.answer?.body ?? {}) as { keys?: readonly { kid: string }[] }
      return keys.map(({ kid }) => kid)
    }
    let refused = 0
    let validated = 0
    const signedBy = new Set<string>()
    /** Everybody refreshes, and a mail server looks at what they got, and once more at what they had. */
    const everybody = async () => {
      const before = clients.map((client) => lastTokenOf(client.name))
      await load({
        total: clientCount,
        sideBySide: 20,
        ask: async (index) => (await clients[index]?.refresh())?.answer?.status ?? 0,
      })
      signedBy.clear()
      for (const [index, client] of clients.entries()) {
        const token = lastTokenOf(client.name)
        const { kid } = decodeProtectedHeader(token)
        if (kid !== undefined) signedBy.add(kid)
        for (const one of [token, before[index] ?? token]) {
          // One that is over is no good token any more; each round has a new one.
          if (Number(claimsOf(one).exp) * 1000 <= clock().getTime()) continue
          validated += 1
          const judged = await server.judge(one)
          if (judged === 'accepted') continue
          refused += 1
          tally.tell(`client ${index}: ${judged} at ${clock().toISOString()}`)
        }
      }
    }
    const lastTokenOf = (name: string): string =>
      String(world.history.asked.findLast((one) => one.client === name && one.answer?.status === 200)?.answer?.body.access_token)

    await everybody()
    const rotation = operate({ databaseUrl: world.databaseUrl, sts }, ['key', 'rotate'])
    await everybody()
    const keys = (await rotation) as readonly { kid: string; stage: string; announcedAt: string; signsFrom: string }[]
    const next = keys.find(({ stage }) => stage === 'announced')
    tally.held(next !== undefined, 'no key was announced')
    const lead = next === undefined ? 0 : (Date.parse(next.signsFrom) - Date.parse(next.announcedAt)) / 1000
    tally.held((await published()).includes(next?.kid ?? ''), 'the announced key is not published at once')
    tally.held(
      lead >= cacheSeconds,
      `the new key signs ${lead} s after it was published, servers keep a set for ${cacheSeconds} s`,
    )

    await everybody()
    tally.held(signedBy.size === 1 && signedBy.has(old.kid), 'the announced key signs before its time')
    for (const seconds of [lead - 60, 30, 31, 300, 3_600]) {
      world.pass(seconds)
      await everybody()
    }
    tally.held(signedBy.size === 1 && signedBy.has(next?.kid ?? ''), 'the retired key still signs')
    tally.held((await published()).includes(old.kid), 'the retired key is not published while its tokens may live')
    world.pass(daySeconds)
    tally.held(!(await published()).includes(old.kid), 'the retired key is published although none of its tokens can live')
    world.pass(cacheSeconds)
    await everybody()
    const now = Math.floor(clock().getTime() / 1000)
    const late = await new SignJWT({ ...claimsOf(lastTokenOf('client 0')), iat: now, exp: now + 300 })
      .setProtectedHeader({ ...decodeProtectedHeader(lastTokenOf('client 0')), alg: 'RS256', kid: old.kid, x5t: old.kid })
      .sign(createPrivateKey({ key: Buffer.from(old.privateKey), format: 'der', type: 'pkcs8' }))
    const judged = await server.judge(late)
    tally.held(judged === 'key_unknown' || judged === 'unknown_key', `a mail server said ${judged} to a token of the retired key`)
    tally.held(validated >= 9 * clientCount, `only ${validated} tokens were looked at`)
    tally.held(refused === 0, `${refused} of ${validated} good tokens were refused by a mail server`)
    const bad = world.history.asked.filter(({ act, answer }) => act === 'refresh' && answer?.status !== 200)
    tally.held(bad.length === 0, `${bad.length} refreshes failed, first: ${bad[0]?.answer?.text.slice(0, 100)}`)
    const { violations } = await world.check()
    tally.held(
      violations.length === 0,
      `invariants: ${violations.slice(0, 3).map(({ invariant, seen }) => `${invariant} ${seen}`)}`,
    )
    return tally.result(world.history.asked.length, { clients: clientCount, validated, leadSeconds: lead })
  },
  { needs: ['libfaketime'] },
)
