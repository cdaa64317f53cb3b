/** The device flow of the breakable issuer, up to the answer of the person (RFC 8628 sections 3.1 to 3.3). */
import { randomInt } from 'node:crypto'
import { authenticate } from './issuer-faults-clients.ts'
import { hidden, isRefusal, type Parts, page, type Reply, type Request, randomText, refuse } from './issuer-faults-parts.ts'

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const makeUserCode = (): string => Array.from({ length: 8 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('')

export async function beginDevice(parts: Parts, request: Request): Promise<Reply> {
  const { has, devices, base, now } = parts
  const client = await authenticate(parts, request)
  if (isRefusal(client)) return client
  if (client.isDevice !== true && !has('believes-every-client')) return refuse(400, 'unauthorized_client')
  const isShort = has('writes-short-user-codes')
  const userCode = isShort ? 'A1O0' : makeUserCode()
  const deviceCode = isShort ? 'short' : randomText()
  const { form } = request
  const resource = form.get('resource') ?? undefined
  devices.set(deviceCode, {
    client: client.id,
    userCode,
    scope: form.get('scope') ?? '',
    resource,
    state: 'waiting',
    askedAt: now() - 60,
  })
  const place = has('names-no-device-page')
    ? 'urn:example:device'
    : `${base}${has('hides-its-device-page') ? '/gone' : '/device'}`
  const expires = isShort ? -1 : 600
  return {
    status: 200,
    body: {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: place,
      verification_uri_complete: `${base}/device?user_code=${userCode}`,
      expires_in: expires,
      interval: has('lets-devices-wait-for-ever') ? 1e9 : has('writes-pauses-as-text') ? '5' : 5,
    },
  }
}

export function answerDevicePage(parts: Parts, request: Request): Reply {
  const code = request.form.get('user_code') ?? request.url.searchParams.get('user_code') ?? ''
  const device = [...parts.devices.values()].find(({ userCode }) => userCode === code)
  if (device === undefined) return page(parts, '<form method="get"><input name="user_code"><button>Continue</button></form>')
  if (request.method === 'POST') {
    device.state = request.form.has('abort') ? 'denied' : 'approved'
    return page(parts, '<h1>Thank you</h1>')
  }
  const buttons = '<button name="confirm" value="yes">Allow</button><button name="abort" value="yes">Deny</button>'
  return page(parts, `<form method="post" action="/device">${hidden({ user_code: code })}${buttons}</form>`)
}
