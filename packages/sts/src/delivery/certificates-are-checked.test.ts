import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import 'reflect-metadata'
import { cryptoProvider, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { pino } from 'pino'
// @ts-expect-error: the package has no types
import smpp from 'smpp'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { startPatience } from './patience.ts'
import { createSmppSender, type SmppSettings } from './smpp/smpp-sender.ts'
import { webProviderOf } from './web/web-provider.ts'
import { createWebSender } from './web/web-sender.ts'

const message = { id: 'one', to: '+4915112345678', text: 'Code 482915', channel: 'sms', language: 'en' } as const
const patience = () => startPatience({ takeMilliseconds: 2_000, answerMilliseconds: 2_500 })
const secret = { reveal: () => 'sesame' }

let key: string
let cert: string
beforeAll(async () => {
  cryptoProvider.set(webcrypto)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=centre',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  cert = made.toString('pem')
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port // a TCP server has no other kind of address
}

interface Bindable {
  on(event: string, listener: (pdu: { response(fields?: object): unknown }) => void): void
  send(pdu: unknown): void
}

test('an SMPP centre is sent to only under a certificate of the given authority', async () => {
  const server: Server = smpp.createServer({ key, cert }, (session: Bindable) => {
    session.on('error', () => undefined)
    for (const command of ['bind_transceiver', 'enquire_link', 'unbind'])
      session.on(command, (pdu) => session.send(pdu.response()))
    session.on('submit_sm', (pdu) => session.send(pdu.response({ message_id: 'm-1' })))
  })
  server.on('tlsClientError', () => undefined)
  const port = await listen(server)
  const settings: SmppSettings = {
    kind: 'smpp',
    name: 'centre',
    host: '127.0.0.1',
    port,
    tls: true,
    systemId: 'postern',
    password: secret,
    systemType: '',
    source: 'Contoso',
    window: 10,
    longText: 'parts',
    receipts: false,
    validitySeconds: 0,
    enquireSeconds: 30,
  }
  const parts = { log: pino({ level: 'silent' }), random: (bytes: number) => new Uint8Array(bytes) }
  const trusting = createSmppSender({ ...settings, ca: cert }, parts)
  const doubting = createSmppSender(settings, parts)
  onTestFinished(async () => void (await Promise.all([trusting.close(), doubting.close()])))
  expect(await trusting.send(message, patience())).toEqual({ outcome: 'accepted', reference: 'm-1' })
  expect(await doubting.send(message, patience())).toMatchObject({ outcome: 'not_taken', because: 'unreachable' })
})

test('a web service is sent to only under a certificate of the given authority, and gets nothing before', async () => {
  let requests = 0
  const server = createServer({ key, cert }, (_, response) => {
    requests += 1
    response.writeHead(200).end('{"ids":[1]}')
  })
  const url = `https://127.0.0.1:${await listen(server)}/rest/mtsms`
  const settings = { kind: 'gatewayapi', name: 'web', url, token: secret, source: 'Contoso' } as const
  const doubting = createWebSender(webProviderOf(settings))
  expect(await doubting.send(message, patience())).toMatchObject({ outcome: 'not_taken', because: 'unreachable' })
  expect(requests).toBe(0)
  const trusting = createWebSender(webProviderOf({ ...settings, ca: cert }))
  expect(await trusting.send(message, patience())).toEqual({ outcome: 'accepted' })
  expect(requests).toBe(1)
})
