/**
 * ceremony-points are what takes a person more than one page: binding an app or a passkey, showing a passkey, allowing an app.
 *
 * Each ceremony is done up to its last form, which a dying process gets; afterwards the same form comes to a healthy one, and
 * then the whole ceremony once more. A challenge of a passkey is good once (I9).
 */
import { randomUUID } from 'node:crypto'
import { createSoftAuthenticator, type SoftAuthenticator } from '@postern/mfa/testing'
import type { ClientId } from '@postern/storage'
import type { TestPerson } from '@postern/sts/testing'
import { textOf } from '../../../acceptance/support/browser.ts'
import { authorization } from '../../../acceptance/support/world.ts'
import { afterPassword, type Front, type KillPoint, post, type Scene, showOnce, totpOf } from './kill-point.ts'

type Kind = 'totp' | 'webauthn'

/** What the last form of a ceremony says, and what of it is good once. */
interface LastForm {
  readonly front: Front
  readonly typed: Readonly<Record<string, string>>
  readonly oneTime: string
}

const optionsOn = ({ page }: Front): Readonly<Record<string, unknown>> => {
  const found = /data-options="([^"]*)"/.exec(page.html)?.[1]
  if (found === undefined) throw new TypeError(`no passkey is asked for: ${textOf(page.html).slice(0, 200)}`)
  return JSON.parse(found.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&')) // the page's own
}

export function ceremonyPoints(scene: Scene): readonly KillPoint[] {
  const { world, story, home, rows } = scene
  const { sts } = world
  const newKey = () => createSoftAuthenticator({ origin: new URL(home).origin })

  /** Up to the form that binds the new factor. */
  async function beforeBinding(person: TestPerson, kind: Kind, key: SoftAuthenticator): Promise<LastForm> {
    const { browser, page: choice } = await afterPassword(scene, person)
    const front = { browser, page: await browser.submit(choice, { method: kind }) }
    if (kind === 'webauthn') {
      const options = optionsOn(front)
      return { front, typed: { answer: key.create(options) }, oneTime: `challenge:${String(options.challenge)}` }
    }
    const code = await totpOf(/secret=([A-Z2-7]{16,})/.exec(front.page.html)?.[1])
    return { front, typed: { code }, oneTime: `totp:${person.account.id}:${code}` }
  }

  const binding = (name: string, kind: Kind): KillPoint => ({
    name,
    async prepare(round) {
      const person = await world.person(`binds-${kind}-${round}`, { factor: false })
      const { id } = person.account
      const key = newKey()
      const told = async () => (await rows('factor.enrolled', id)).length
      const bound = async () =>
        (await sts.service.factors.methodsOf(sts.kept, id)).filter(({ state }) => state === 'active').length
      const form = await beforeBinding(person, kind, key)
      const show = (address: string) => {
        const about = { client: person.upn, oneTime: form.oneTime, address, proved: told }
        return showOnce(scene, about, () => post(form.front, address, form.typed))
      }
      return {
        strike: show,
        async verdict() {
          await show(home)
          // Whoever was left without one begins anew, and is then bound.
          if ((await bound()) === 0) {
            const anew = await beforeBinding(person, kind, newKey())
            await post(anew.front, home, anew.typed)
          }
          const [factors, rowsOfThem] = [await bound(), await told()]
          if (factors !== 1) return `${factors} factors are bound`
          return rowsOfThem === 1 ? undefined : `one factor is bound, and the trail tells of ${rowsOfThem}`
        },
      }
    },
  })

  /** Somebody who has bound a passkey at the pages. */
  async function withPasskey(name: string): Promise<{ person: TestPerson; key: SoftAuthenticator }> {
    const person = await world.person(name, { factor: false })
    const key = newKey()
    const { front, typed } = await beforeBinding(person, 'webauthn', key)
    await post(front, home, typed)
    return { person, key }
  }

  const showing: KillPoint = {
    name: 'passkey',
    async prepare(round) {
      const { person, key } = await withPasskey(`passkey-${round}`)
      const { id } = person.account
      const proved = async () => (await rows('signin.proved', id)).filter(({ detail }) => detail.method === 'webauthn').length
      const [mine, other] = [await afterPassword(scene, person), await afterPassword(scene, person)]
      const options = optionsOn(mine)
      const answer = key.get(options)
      const oneTime = `challenge:${String(options.challenge)}`
      const show = (front: Front, address: string) =>
        showOnce(scene, { client: person.upn, oneTime, address, proved }, () =>
          post(front, address, { method: 'webauthn', answer }),
        )
      return {
        strike: (address) => show(mine, address),
        async verdict() {
          // In the same browser, and in one that was asked something else.
          for (const front of [mine, other]) await show(front, home)
          const times = await proved()
          if (times > 1) return `one answer let people in ${times} times`
          const fresh = await afterPassword(scene, person)
          await post(fresh, home, { method: 'webauthn', answer: key.get(optionsOn(fresh)) })
          return (await proved()) === times + 1 ? undefined : 'a new challenge let nobody in'
        },
      }
    },
  }

  let careful: Promise<ClientId> | undefined
  /** The mail app once more, as one that has to ask. */
  const carefulClient = () => {
    careful ??= (async () => {
      const mail = await sts.kept.clients.find(sts.clients.mail.clientId as ClientId) // a brand has no runtime part
      if (mail === undefined) throw new TypeError('the mail client is gone')
      const id = randomUUID() as string as ClientId // likewise
      await sts.kept.clients.add({ ...mail, id, consent: 'explicit' })
      return id
    })()
    return careful
  }

  const allowing: KillPoint = {
    name: 'consent',
    async prepare(round) {
      const person = await world.person(`allows-${round}`)
      const { id } = person.account
      const client = { ...sts.clients.mail, clientId: await carefulClient() }
      const { browser, page } = await afterPassword(scene, person, { client })
      const code = await totpOf(person.totpSecret)
      const asks =
        page.forms[0]?.fields.some(({ name }) => name === 'code') === true ? await browser.submit(page, { code }) : page
      const front = { browser, page: asks }
      const given = async () => (await rows('consent.given', id)).length
      const granted = async () => (await rows('authorization.granted', id)).length
      const allow = (at: Front, address: string) => post(at, address, { decision: 'allow' })
      return {
        strike: (address) => allow(front, address),
        async verdict() {
          const resumed = new URL(asks.url).pathname.replace('/signin/', '/oauth2/v2.0/authorize/')
          const early = await browser.open(`${home}${resumed}`)
          if (early.left?.searchParams.has('code') === true && (await given()) === 0) return 'a code was given without consent'
          if (early.left === undefined) await allow({ browser, page: early }, home)
          // It is asked for anew each time: once more, from its beginning.
          const before = await given()
          const again = await browser.open(authorization(story, { client }).url)
          if (again.left !== undefined) return `an app that has to ask was let in unasked: ${again.left.search}`
          const end = await browser.submit(again, { decision: 'allow' })
          if (!end.left?.searchParams.has('code')) return `no code for who allowed it, but ${textOf(end.html).slice(0, 100)}`
          if ((await given()) !== before + 1) return 'consent is not in the trail'
          return (await granted()) <= (await given()) ? undefined : `${await granted()} codes, and consent ${await given()} times`
        },
      }
    },
  }

  return [binding('enrolment of an app', 'totp'), binding('enrolment of a passkey', 'webauthn'), showing, allowing]
}
