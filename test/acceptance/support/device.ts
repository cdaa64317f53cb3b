import { askToken, type TokenAnswer } from '../../support/person-browser.ts'
import type { Browser, Page } from './browser.ts'
import { MAIL_SCOPE, type World, walk } from './world.ts'

/** A device that waits for its person (RFC 8628). */
export interface WaitingDevice {
  readonly userCode: string
  readonly deviceCode: string
  readonly interval: number
  poll(): Promise<TokenAnswer>
}

export async function startDevice(world: World, scope = MAIL_SCOPE): Promise<WaitingDevice> {
  const { clientId } = world.sts.clients.mail
  const { status, text, body } = await askToken(`${world.issuer}/oauth2/v2.0/devicecode`, { client_id: clientId, scope })
  if (status !== 200) throw new TypeError(`no device code but ${status} ${text}`)
  const deviceCode = String(body.device_code)
  return {
    deviceCode,
    userCode: String(body.user_code),
    interval: Number(body.interval),
    poll: () =>
      askToken(world.token, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: deviceCode,
        client_id: clientId,
      }),
  }
}

/** Types the code. Returns the page that asks for confirmation, or what was shown instead. */
export const typeCode = async (world: World, browser: Browser, userCode: string): Promise<Page> =>
  browser.submit(await browser.open(`${world.issuer}/device`), { user_code: userCode })

/** Types the code, says yes, and signs in where that is asked for. Returns the last page. */
export async function approve(world: World, browser: Browser, userCode: string): Promise<Page> {
  const confirm = await typeCode(world, browser, userCode)
  return walk(world, browser, await browser.submit(confirm, { confirm: 'yes' }))
}
