/**
 * token-points are requests at the token endpoint: those that use something up give tokens once and leave one row, and a program
 * that asks again is given another token. What is plain goes the service's short way; a word that nobody knows makes it go the long one.
 */
import { createBrowser } from '../../../acceptance/support/browser.ts'
import { ASSERTION_TYPE, assertion } from '../../../acceptance/support/client-assertion.ts'
import { startDevice, typeCode } from '../../../acceptance/support/device.ts'
import { walk } from '../../../acceptance/support/world.ts'
import { type Asked, isTokenAnswer } from '../history.ts'
import type { HonestClient } from '../honest-client.ts'
import type { KillPoint, Prepared, Scene } from './kill-point.ts'

type Ask = Parameters<HonestClient['ask']>[0]

const notPlain = { unknown_to_everybody: '1' }

export function tokenPoints(scene: Scene): readonly KillPoint[] {
  const { world, story, home, coder, rows } = scene
  const { sts, tokenPath } = world
  const issued = async (accountId: string): Promise<number> => (await rows('token.issued', accountId)).length

  /** A request that gives tokens once: asked again twice, at a healthy process. */
  function once(client: HonestClient, asking: Ask, event: () => Promise<number>): Prepared {
    const tries: Asked[] = []
    let before = 0
    return {
      async strike(address) {
        before = await event()
        client.address = address
        tries.push(await client.ask(asking))
      },
      async verdict() {
        client.address = home
        for (let again = 0; again < 2; again += 1) tries.push(await client.ask(asking))
        const given = tries.filter(isTokenAnswer).length
        const written = (await event()) - before
        if (given > 1) return `it gave tokens ${given} times`
        if (written !== 1) return `the trail tells of ${written} token answers`
        return undefined
      },
    }
  }

  const exchange = (name: string, extra: Readonly<Record<string, string>>): KillPoint => ({
    name,
    async prepare(round) {
      const { code, verifier, redirectUri, clientId } = await coder.browser.code()
      const asked = { code, redirect_uri: redirectUri, client_id: clientId, code_verifier: verifier }
      const form = { grant_type: 'authorization_code', ...asked, ...extra }
      return once(world.client(`${name} ${round}`), { act: 'redeem', path: tokenPath, form }, () =>
        issued(coder.person.account.id),
      )
    },
  })

  const rotation = (name: string, extra: Readonly<Record<string, string>>): KillPoint => ({
    name,
    async prepare(round) {
      const client = await world.signedIn(`${name} ${round}`, { browser: coder.browser })
      const { token } = client
      let before = 0
      return {
        async strike(address) {
          before = await issued(coder.person.account.id)
          client.address = address
          return client.refresh(token, extra)
        },
        async verdict() {
          client.address = home
          const retry = await client.refresh(token, extra)
          const again = await client.refresh(token, extra)
          const written = (await issued(coder.person.account.id)) - before
          if (retry.answer?.status !== 200) return `asked again, ${retry.answer?.status} ${retry.answer?.body.error ?? ''}`
          if (again.answer?.text !== retry.answer.text) return 'asked again twice, it gave two answers'
          if (written !== 1) return `the trail tells of ${written} token answers`
          const next = await client.refresh()
          return next.answer?.status === 200 ? undefined : `the successor was answered ${next.answer?.status}`
        },
      }
    },
  })

  return [
    exchange('plain code exchange', {}),
    exchange('code exchange', notPlain),
    rotation('plain refresh', {}),
    rotation('refresh', notPlain),
    {
      name: 'program token by a secret',
      async prepare(round) {
        const client = world.client(`program ${round}`)
        const { confidential } = sts.clients
        const written = async () =>
          (await sts.kept.audit.list({ event: 'token.issued', limit: 1000 })).filter(
            ({ clientId }) => clientId === confidential.clientId,
          ).length
        let before = 0
        let first: Asked | undefined
        return {
          async strike(address) {
            before = await written()
            client.address = address
            first = await client.programToken(confidential)
          },
          async verdict() {
            client.address = home
            const retry = await client.programToken(confidential)
            if (retry.answer?.status !== 200) return `asked again, ${retry.answer?.status} ${retry.answer?.body.error ?? ''}`
            const given = [first, retry].filter((one) => one !== undefined && isTokenAnswer(one)).length
            const told = (await written()) - before
            return told >= given && told <= 2 ? undefined : `${given} tokens were given and ${told} written down`
          },
        }
      },
    },
    {
      name: 'client assertion',
      async prepare(round) {
        const { keyed } = sts.clients
        const form = async () => ({
          grant_type: 'client_credentials',
          client_id: keyed.clientId,
          scope: 'https://mail.contoso.com/.default',
          client_assertion_type: ASSERTION_TYPE,
          client_assertion: await assertion(story, keyed),
        })
        const client = world.client(`assertion ${round}`)
        const asking: Ask = { act: 'program-token', path: tokenPath, form: await form() }
        const tries: Asked[] = []
        return {
          async strike(address) {
            client.address = address
            tries.push(await client.ask(asking))
          },
          async verdict() {
            client.address = home
            for (let again = 0; again < 2; again += 1) tries.push(await client.ask(asking))
            const given = tries.filter(isTokenAnswer).length
            if (given > 1) return `one assertion gave ${given} tokens`
            const fresh = await client.ask({ ...asking, form: await form() })
            return fresh.answer?.status === 200 ? undefined : `a new assertion was answered ${fresh.answer?.status}`
          },
        }
      },
    },
    {
      name: 'device redemption',
      async prepare(round) {
        const person = await world.person(`device-${round}`)
        const device = await startDevice(story)
        const own = createBrowser()
        await walk(story, own, await own.submit(await typeCode(story, own, device.userCode), { confirm: 'yes' }), person)
        const form = {
          grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
          device_code: device.deviceCode,
          client_id: sts.clients.mail.clientId,
        }
        return once(world.client(`device ${round}`), { act: 'device-token', path: tokenPath, form }, () =>
          issued(person.account.id),
        )
      },
    },
  ]
}
