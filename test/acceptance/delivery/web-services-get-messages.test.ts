import type { DeliverySettings } from '@postern/sts/testing/delivery'
import { describe, expect, test } from 'vitest'
import { canary, delivery, gateway, gatewayApiSender, kannelSender, message, twilioSender } from './parts.ts'

/** Text that is somebody's syntax everywhere: URL, form, JSON, XML, header, and our own gaps. */
const hostile = `"'&<>=?#%+/\\ {to} {text} \r\nX-Evil: 1 ]]> é 🔐 482915`

const template = (url: string, sms: object) =>
  [{ kind: 'http', name: 'free', inClear: false, sms: { method: 'POST', url, ...sms } }] as unknown as DeliverySettings['senders'] // members by hand

describe('a message over the web', () => {
  test('asks Kannel as its sendsms wants it, with the alphabet that the text needs', async () => {
    const web = await gateway()
    const { messages } = delivery([kannelSender(web, { smsc: 'main' })])
    await messages.send(message({ text: 'Ihr Code für Größe: 482915' }))
    await messages.send(message({ text: 'Code 🔐 482915' }))
    const queries = web.requests.map((request) => Object.fromEntries(new URL(request.target, web.url).searchParams))
    const common = { username: 'postern', password: 'sesame', from: 'Contoso', smsc: 'main', charset: 'UTF-8', to: canary.to }
    expect(queries).toEqual([
      { ...common, coding: '0', text: 'Ihr Code für Größe: 482915' },
      { ...common, coding: '2', text: 'Code 🔐 482915' },
    ])
    expect(web.requests.map((request) => request.method)).toEqual(['GET', 'GET'])
  })

  test.each([
    [202, '0: Accepted for delivery', 'accepted'],
    [202, '3: Queued for later delivery', 'accepted'],
    [403, '1: Authorization failed for sendsms', 'undeliverable'],
    [503, '2: Temporal failure, try again later.', 'undeliverable'],
    [202, '9: Unknown', 'undeliverable'],
  ])('takes Kannel’s %i %s as %s', async (status, body, outcome) => {
    const web = await gateway()
    web.answer({ status, body })
    expect(await delivery([kannelSender(web)]).messages.send(message())).toMatchObject({ outcome })
  })

  test('asks a service like Twilio by a form, with the account as its name', async () => {
    const web = await gateway()
    web.answer({ status: 201, body: '{"sid":"SM1"}' })
    expect(await delivery([twilioSender(web)]).messages.send(message())).toEqual({ outcome: 'accepted', sender: 'twilio' })
    const [request] = web.requests
    expect(request?.target).toBe('/2010-04-01/Accounts/AC0123/Messages.json')
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from(`AC0123:${canary.token}`).toString('base64')}`)
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: canary.to,
      From: '+4930123456',
      Body: 'Your code is 482915.',
    })
  })

  test('is read out by a service like Twilio, in its language', async () => {
    const web = await gateway()
    web.answer({ status: 201 })
    const { messages } = delivery([twilioSender(web)])
    await messages.send(message({ channel: 'voice', language: 'de', text: 'Ihr Code: 4 8 & <Hangup/>' }))
    const fields = Object.fromEntries(new URLSearchParams(web.requests[0]?.body))
    expect(web.requests[0]?.target).toBe('/2010-04-01/Accounts/AC0123/Calls.json')
    expect(fields.Twiml).toBe('<Response><Say language="de-DE" loop="2">Ihr Code: 4 8 &amp; &lt;Hangup/&gt;</Say></Response>')
  })

  test('asks a service like GatewayAPI by JSON, with a token and a number that is one', async () => {
    const web = await gateway()
    web.answer({ status: 200, body: '{"ids":[1]}' })
    const { messages } = delivery([gatewayApiSender(web)])
    expect(await messages.send(message({ id: 'our-id' }))).toEqual({ outcome: 'accepted', sender: 'gatewayapi' })
    expect(web.requests[0]?.headers.authorization).toBe(`Token ${canary.token}`)
    expect(JSON.parse(web.requests[0]?.body ?? '')).toEqual({
      sender: 'Contoso',
      message: 'Your code is 482915.',
      encoding: 'UTF8',
      userref: 'our-id',
      recipients: [{ msisdn: 4915112345678 }],
    })
  })
})

describe('a hostile text stays a text', () => {
  const send = async (sms: object, path = '/send?fixed=1&t={text}&to={to}') => {
    const web = await gateway()
    web.answer({ status: 200 })
    const { messages } = delivery(template(`${web.url}${path}`, sms))
    expect(await messages.send(message({ text: hostile }))).toMatchObject({ outcome: 'accepted' })
    const [request] = web.requests
    if (request === undefined) throw new TypeError('no request came')
    return request
  }

  test('in a URL', async () => {
    const { target, headers } = await send({ method: 'GET' })
    const url = new URL(target, 'http://x')
    expect([...url.searchParams]).toEqual([
      ['fixed', '1'],
      ['t', hostile],
      ['to', canary.to],
    ])
    expect(headers['x-evil']).toBeUndefined()
  })

  test('in a path, where two dots stay two dots', async () => {
    const web = await gateway()
    web.answer({ status: 200 })
    await delivery(template(`${web.url}/a/{text}/{to}`, {})).messages.send(message({ text: '../..' }))
    expect(web.requests[0]?.target).toBe(`/a/..%2F../${encodeURIComponent(canary.to)}`)
  })

  test('in a form', async () => {
    const { body } = await send({ form: { To: '{to}', Body: '<{text}>' } })
    expect([...new URLSearchParams(body)]).toEqual([
      ['To', canary.to],
      ['Body', `<${hostile}>`],
    ])
  })

  test('in JSON', async () => {
    const { body } = await send({ json: { to: ['{to}'], n: 1, text: '{text}' } })
    expect(JSON.parse(body)).toEqual({ to: [canary.to], n: 1, text: hostile })
  })

  test('in XML', async () => {
    const { body } = await send({ xml: '<m to="{to}"><t>{text}</t></m>' })
    expect(body.match(/<[^>]*>/g)).toEqual([`<m to="${canary.to}">`, '<t>', '</t>', '</m>'])
    const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
    const inner = body.slice(body.indexOf('<t>') + 3, body.indexOf('</t>'))
    expect(inner.replace(/&(\w+);/g, (_, name: string) => entities[name] ?? '')).toBe(hostile)
  })
})
