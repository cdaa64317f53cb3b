/** person-points are what people do at the pages with what they have: a factor that lets them in, a wrong guess, a sign-out. */
import type { TestPerson } from '@postern/sts/testing'
import { afterPassword, type Front, type KillPoint, post, type Scene, showOnce, totpOf } from './kill-point.ts'

const xsrfOn = (page: string): string => /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''

export function personPoints(scene: Scene): readonly KillPoint[] {
  const { world, home, rows } = scene
  const { sts } = world
  const atFactor = (person: TestPerson) => afterPassword(scene, person)

  /** A code of a factor that lets one in: shown at a dying process, then twice more at a healthy one. */
  function factor(method: 'totp' | 'recovery-code', codeOf: (person: TestPerson) => Promise<string>): KillPoint['prepare'] {
    return async (round) => {
      const person = await world.person(`${method}-${round}`)
      const fronts = [await atFactor(person), await atFactor(person), await atFactor(person)] as const
      const code = await codeOf(person)
      const proved = async () =>
        (await rows('signin.proved', person.account.id)).filter(({ detail }) => detail.method === method).length
      const oneTime = `${method}:${person.account.id}:${code}`
      const show = (front: Front, address: string) =>
        showOnce(scene, { client: person.upn, oneTime, address, proved }, () => post(front, address, { method, code }))
      return {
        strike: (address) => show(fronts[0], address),
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

  return [
    { name: 'TOTP', prepare: factor('totp', ({ totpSecret }) => totpOf(totpSecret)) },
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
        const fronts = [await atFactor(person), await atFactor(person)] as const
        const right = await totpOf(person.totpSecret)
        const code = String((Number(right) + 500_000) % 1_000_000).padStart(6, '0')
        const guess = (front: Front, address: string) => post(front, address, { method: 'totp', code })
        return {
          strike: (address) => guess(fronts[0], address),
          // That each guess that was written down counts is I10.
          async verdict() {
            await guess(fronts[1], home)
            const failed = (await rows('signin.failed', person.account.id)).length
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
        const pageAt = async () => (await own.get(`${home}${path}`)).text()
        const xsrf = xsrfOn(await pageAt())
        const leave = (address: string) => own.post(`${address}${path}/confirm`, { xsrf, logout: 'yes' }).catch(() => undefined)
        const isIn = () =>
          own.code().then(
            () => true,
            () => false,
          )
        return {
          strike: leave,
          async verdict() {
            if (!(await isIn())) return undefined
            // Nothing happened: then leaving must still be possible.
            await own.post(`${home}${path}/confirm`, { xsrf: xsrfOn(await pageAt()), logout: 'yes' })
            return (await isIn()) ? 'nobody can sign out any more' : undefined
          },
        }
      },
    },
  ]
}
