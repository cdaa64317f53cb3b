import { createDelivery, createKeptLog, type Delivery, type DeliverySettings } from '@postern/sts/testing/delivery'
import { onTestFinished } from 'vitest'
import { type SmppCentre, startSmppCentre } from '../../support/smpp-centre.ts'
import { type SmsGateway, startSmsGateway } from '../../support/sms-gateway.ts'

type SenderSettings = DeliverySettings['senders'][number]

/** What must never be in a log. */
export const canary = { to: '+4915112345678', code: '482915', password: 'sesame', token: 'tok-canary' } as const

let nextId = 1
export const message = (
  change: { text?: string; id?: string; to?: string; channel?: 'sms' | 'voice'; language?: string } = {},
) => ({
  id: change.id ?? `id-${nextId++}`,
  to: change.to ?? canary.to,
  text: change.text ?? `Your code is ${canary.code}.`,
  channel: change.channel ?? ('sms' as const),
  language: change.language ?? 'en',
})

const secret = (value: string) => ({ reveal: () => value })

export const smppSender = (centre: Pick<SmppCentre, 'port'>, change: object = {}) =>
  ({
    kind: 'smpp',
    name: 'centre',
    host: '127.0.0.1',
    port: centre.port,
    tls: false,
    systemId: 'postern',
    password: secret(canary.password),
    systemType: '',
    source: 'Contoso',
    window: 10,
    longText: 'parts',
    receipts: true,
    validitySeconds: 600,
    enquireSeconds: 30,
    inClear: false,
    ...change,
  }) as SenderSettings // the change is one of its members

export const kannelSender = (gateway: Pick<SmsGateway, 'url'>, change: object = {}) =>
  ({
    kind: 'kannel',
    name: 'gateway',
    url: `${gateway.url}/cgi-bin/sendsms`,
    username: 'postern',
    password: secret(canary.password),
    source: 'Contoso',
    inClear: false,
    ...change,
  }) as SenderSettings // the change is one of its members

export const twilioSender = (gateway: Pick<SmsGateway, 'url'>, change: object = {}) =>
  ({
    kind: 'twilio',
    name: 'twilio',
    url: `${gateway.url}/2010-04-01`,
    accountSid: 'AC0123',
    authToken: secret(canary.token),
    source: '+4930123456',
    voiceSource: '+4930123456',
    inClear: false,
    ...change,
  }) as SenderSettings // the change is one of its members

export const gatewayApiSender = (gateway: Pick<SmsGateway, 'url'>) =>
  ({
    kind: 'gatewayapi',
    name: 'gatewayapi',
    url: `${gateway.url}/rest/mtsms`,
    token: secret(canary.token),
    source: 'Contoso',
    inClear: false,
  }) as SenderSettings // every member is there

export async function centre(options?: Parameters<typeof startSmppCentre>[0]): Promise<SmppCentre> {
  const started = await startSmppCentre(options)
  onTestFinished(() => started.close())
  return started
}

export async function gateway(): Promise<SmsGateway> {
  const started = await startSmsGateway()
  onTestFinished(() => started.close())
  return started
}

/** A delivery whose log lines are kept. */
export function delivery(
  senders: readonly SenderSettings[],
  options: { development?: boolean } = {},
): Delivery & { log(): string } {
  const { log, lines } = createKeptLog()
  const made = createDelivery({ senders }, { log, clock: () => new Date(), development: options.development ?? false })
  onTestFinished(() => made.close())
  return { ...made, log: lines }
}
