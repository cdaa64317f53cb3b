/** A device that waits for its person (RFC 8628), and the person who answers it in a browser. Judges nothing. */
import { ConformanceError } from '../errors.ts'
import { chooseButton } from '../person/form-filling.ts'
import { signedIn } from '../person/signed-in.ts'
import type { Answer, KnownClient, Target } from '../target.ts'
import { askAs, askTokenAs, isGranted, textOf, verdictOf } from './asking.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export interface WaitingDevice {
  readonly client: KnownClient
  readonly answer: Answer
  readonly deviceCode: string
  readonly userCode: string
  readonly verificationUri: string
  readonly complete: string
  /** Milliseconds that the device must let pass between two questions. */
  readonly pause: number
}

export async function startDevice(target: Target, client: KnownClient): Promise<WaitingDevice> {
  const url = await target.endpoint('device_authorization_endpoint')
  const fields = { scope: client.scope ?? 'openid', ...(client.resource !== undefined && { resource: client.resource }) }
  const answer = await askAs(target, client, { url, fields })
  const [deviceCode, userCode, verificationUri] = ['device_code', 'user_code', 'verification_uri'].map((name) =>
    textOf(answer, name),
  )
  if (answer.status !== 200 || deviceCode === undefined || userCode === undefined || verificationUri === undefined)
    throw new ConformanceError('answer_malformed', `no device code came, but ${verdictOf(answer)}`)
  const complete = new URL(verificationUri)
  complete.searchParams.set('user_code', userCode)
  const interval = answer.json?.interval
  return {
    client,
    answer,
    deviceCode,
    userCode,
    verificationUri,
    complete: textOf(answer, 'verification_uri_complete') ?? complete.href,
    pause: (typeof interval === 'number' && interval > 0 ? interval : 5) * 1000,
  }
}

export const poll = (target: Target, device: WaitingDevice, as: KnownClient = device.client): Promise<Answer> =>
  askTokenAs(target, as, { grant_type: DEVICE_GRANT, device_code: device.deviceCode })

/** Opens the address with the code in it and says yes or no where that is asked. */
export async function answerDevice(target: Target, device: WaitingDevice, says: 'yes' | 'no'): Promise<void> {
  const browser = await signedIn(target)
  if (says === 'yes') {
    await browser.authorize(device.complete)
    return
  }
  let here = await browser.open(device.complete)
  for (let pages = 0; pages < 5 && here.kind === 'page' && here.form !== undefined; pages += 1) {
    const canDecline = chooseButton(here.form, 'decline') !== undefined
    here = await browser.press(here, canDecline ? 'decline' : 'go-on')
    if (canDecline) return
  }
}

/** Asks until the device hears something else than to wait, three times at most. */
export async function pollAgain(target: Target, device: WaitingDevice): Promise<Answer> {
  let answer = await poll(target, device)
  for (let times = 0; times < 3 && !isGranted(answer); times += 1) {
    if (!['authorization_pending', 'slow_down'].includes(textOf(answer, 'error') ?? '')) break
    await target.wait(device.pause + 5000 * (times + 1), 'the next question of a device')
    answer = await poll(target, device)
  }
  return answer
}
