/**
 * `node test/support/pretend-senders.ts` starts an SMPP centre and a web service for messages on loopback, and prints what
 * they are given, until it is ended. For trying out the settings of docs/guides/sms.md without a provider.
 */
import { startSmppCentre } from './smpp-centre.ts'
import { startSmsGateway } from './sms-gateway.ts'

const centre = await startSmppCentre({ systemId: 'postern', password: 'sesame' })
const gateway = await startSmsGateway()
const sms = [
  {
    kind: 'smpp',
    name: 'centre',
    host: '127.0.0.1',
    port: centre.port,
    tls: false,
    systemId: 'postern',
    password: 'sesame',
    source: 'Contoso',
  },
  { kind: 'kannel', name: 'gateway', url: `${gateway.url}/cgi-bin/sendsms`, username: 'postern', password: 'sesame' },
]
process.stdout.write(`export POSTERN_SMS='${JSON.stringify(sms)}'\n`)

async function printBinds(): Promise<never> {
  for (let times = 1; ; times += 1) {
    await centre.heard('bind', times)
    process.stdout.write('SMPP: somebody bound\n')
  }
}
async function printMessages(): Promise<never> {
  for (let times = 1; ; times += 1) {
    await centre.heard('message', times)
    const message = centre.messages[times - 1]
    process.stdout.write(`SMPP: to ${message?.to}: ${message?.text}\n`)
  }
}
async function printRequests(): Promise<never> {
  for (let times = 1; ; times += 1) {
    await gateway.heard(times)
    const query = new URL(gateway.requests[times - 1]?.target ?? '', gateway.url).searchParams
    process.stdout.write(`HTTP: to ${query.get('to')}: ${query.get('text')}\n`)
  }
}
await Promise.all([printBinds(), printMessages(), printRequests()])
