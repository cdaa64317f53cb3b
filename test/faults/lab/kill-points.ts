/**
 * kill-points are requests that use something up, each with what must be true of it when the process died inside: either
 * nothing happened, or all of it, and never twice.
 * @module
 */
import type { TestPerson } from '@postern/sts/testing'
import { generate } from 'otplib'
import { type Browser, createBrowser, type Page } from '../../acceptance/support/browser.ts'
import { ASSERTION_TYPE, assertion } from '../../acceptance/support/client-assertion.ts'
import { startDevice, typeCode } from '../../acceptance/support/device.ts'
import { authorization, type World, walk } from '../../acceptance/support/world.ts'
import { signInOnce } from '../../support/person-browser.ts'
import { type Asked, isTokenAnswer } from './history.ts'
import type { HonestClient } from './honest-client.ts'
import type { LabWorld } from './laboratory.ts'

export interface Prepared {
  /** The request, at a process that may die of it. */
  strike(address: string): Promise<unknown>
  /** Asks once more at a healthy one. What is wrong, or nothing. */
  verdict(): Promise<string | undefined>
}

export interface KillPoint {
  readonly name: string
  prepare(round: string): Promise<Prepared>
}

type Ask = Parameters<HonestClient['ask']>[0]

/** As the stories see it; its clock is everybody's and does not move. */
const storyOf = ({ sts, tokenPath }: LabWorld): World => {
  const unmoved = () => Promise.reject(new TypeError('not in the laboratory'))
  return {
    sts,
    issuer: sts.issuer,
    token: `${sts.baseUrl}${tokenPath}`,
    pass: () => undefined,
    changeClient: unmoved,
    changeAccount: unmoved,
    changeSettings: unmoved,
    totp: (person = sts.mary) => totpOf(person),
    close: unmoved,
  }
}

const totpOf = (person: TestPerson): Promise<string> =>
  generate({ secret: person.totpSecret ?? '', epoch: Math.floor(Date.now() / 1000) })

export async function createKillPoints(world: LabWorld): Promise<readonly KillPoint[]> {
  const story = storyOf(world)
  const { sts } = world
  const home = sts.baseUrl
  const coder = await world.person('codes')
  const browser = await signInOnce(sts, coder)
  const rows = async (event: string, account: string): Promise<number> =>
    (await sts.kept.audit.list({ accountId: account as never, event, limit: 1000 })).length // a brand has no runtime part

  /** A request that gives tokens once. `again`: the same once more is not refused if nothing happened. */
  function token(client: HonestClient, asking: Ask, event: () => Promise<number>): Prepared {
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

  /** A page in front of a person that wants the code of a factor. */
  async function atFactor(person: TestPerson): Promise<{ browser: Browser; page: Page }> {
    const own = createBrowser()
    const asked = authorization(story, { change: { login_hint: person.upn, acr_values: 'urn:postern:acr:aal2' } })
    const page = await own.submit(await own.open(asked.url), { password: person.password })
    return { browser: own, page }
  }

  /** Posts the form of `page` to another process, without following where it leads. */
  async function post(
    at: { browser: Browser; page: Page },
    address: string,
    typed: Readonly<Record<string, string>>,
  ): Promise<Page | undefined> {
    const [form] = at.page.forms
    const action = new URL(form?.action ?? '', at.page.url)
    const fields = Object.fromEntries(
      (form?.fields ?? []).filter(({ type }) => type !== 'submit').map(({ name, value }) => [name, value]),
    )
    return at.browser.post(`${address}${action.pathname}${action.search}`, { ...fields, ...typed }).catch(() => undefined)
  }

  /** A code of a factor that lets one in: shown at a dying process, then twice more at a healthy one. */
  function factor(method: 'totp' | 'recovery-code', codeOf: (person: TestPerson) => Promise<string>): KillPoint['prepare'] {
    return async (round) => {
      const person = await world.person(`${method}-${round}`)
      const fronts = [await atFactor(person), await atFactor(person), await atFactor(person)]
      const code = await codeOf(person)
      const show = async (front: (typeof fronts)[number], address: string) => {
        const oneTime = `${method}:${person.account.id}:${code}`
        const client = `${person.upn} at ${address}`
        const end = world.history.begin({ client, act: 'factor', method: 'POST', url: address, form: {}, headers: {}, oneTime })
        const before = await proved()
        const page = await post(front, address, { method, code })
        if (page === undefined) return void end()
        end({ status: page.status, text: '', body: {}, headers: {} }, (await proved()) > before)
      }
      const proved = async () =>
        (await sts.kept.audit.list({ accountId: person.account.id, event: 'signin.proved', limit: 100 })).filter(
          ({ detail }) => detail.method === method,
        ).length
      return {
        strike: (address) => show(fronts[0] as (typeof fronts)[number], address),
        async verdict() {
          for (const front of fronts.slice(1)) await show(front, home)
          const times = await proved()
          if (times > 1) return `one code let people in ${times} times`
          if (times === 0) return 'the code was used up and let nobody in'
          return undefined
        },
      }
    }
  }

  const codes = () => rows('token.issued', coder.account.id)

  return [
    {
      name: 'code exchange',
      async prepare(round) {
        const { code, verifier, redirectUri, clientId } = await browser.code()
        const form = {
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          client_id: clientId,
          code_verifier: verifier,
        }
        return token(world.client(`exchange ${round}`), { act: 'redeem', path: world.tokenPath, form }, codes)
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
        return token(world.client(`device ${round}`), { act: 'device-token', path: world.tokenPath, form }, () =>
          rows('token.issued', person.account.id),
        )
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
        const asking: Ask = { act: 'program-token', path: world.tokenPath, form: await form() }
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
    { name: 'TOTP', prepare: factor('totp', totpOf) },
    {
      name: 'recovery code',
      prepare: factor(
        'recovery-code',
        async ({ account }) => (await sts.service.recoveryCodes.replace(sts.kept, account.id))[0] ?? '',
      ),
    },
    {
      name: 'wrong guess',
      async prepare(round) {
        const person = await world.person(`guessed-${round}`)
        const fronts = [await atFactor(person), await atFactor(person)]
        const right = await totpOf(person)
        const code = String((Number(right) + 500_000) % 1_000_000).padStart(6, '0')
        const guess = (front: (typeof fronts)[number], address: string) => post(front, address, { method: 'totp', code })
        return {
          strike: (address) => guess(fronts[0] as (typeof fronts)[number], address),
          // That each guess that was written down counts is I10.
          async verdict() {
            await guess(fronts[1] as (typeof fronts)[number], home)
            const failed = await rows('signin.failed', person.account.id)
            return failed >= 1 && failed <= 2 ? undefined : `two guesses were written down ${failed} times`
          },
        }
      },
    },
    {
      name: 'logout',
      async prepare(round) {
        const own = await world.browser(`leaving-${round}`)
        const path = `/${sts.realm.id}/oauth2/v2.0/logout`
        const page = await (await own.get(`${home}${path}`)).text()
        const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
        const leave = (address: string) => own.post(`${address}${path}/confirm`, { xsrf, logout: 'yes' }).catch(() => undefined)
        return {
          strike: leave,
          async verdict() {
            const still = await own.code().then(
              () => true,
              () => false,
            )
            if (!still) return undefined
            // Nothing happened: then leaving must still be possible.
            const again = /name="xsrf" value="([^"]+)"/.exec(await (await own.get(`${home}${path}`)).text())?.[1] ?? ''
            await own.post(`${home}${path}/confirm`, { xsrf: again, logout: 'yes' })
            const stays = await own.code().then(
              () => true,
              () => false,
            )
            return stays ? 'nobody can sign out any more' : undefined
          },
        }
      },
    },
  ]
}
