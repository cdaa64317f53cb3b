/**
 * Postern with one server that may ask for actor tokens, in processes of its own. With `POSTERN_BENCH_DATABASE` the service runs
 * on that PostgreSQL as an operator starts it, `postern serve` with as many workers as `POSTERN_BENCH_WORKERS` says; otherwise on
 * the embedded database in memory, which has one process alone. Says where to ask and with which key, and counts audit rows when it is asked.
 */
import process from 'node:process'
import { startSts } from '@postern/sts/testing'
import { baseUrlAt, freePort, serve } from './served-process.ts'

const ISSUED = 'actor_token.issued'

const databaseUrl = process.env.POSTERN_BENCH_DATABASE
const port = databaseUrl === undefined ? undefined : await freePort()
const sts = await startSts(databaseUrl === undefined ? {} : { databaseUrl, baseUrl: baseUrlAt(port ?? 0) })
const principal = await sts.addPrincipal()
if (databaseUrl !== undefined && port !== undefined)
  await serve({ databaseUrl, masterKey: sts.masterKey, port, workers: Number(process.env.POSTERN_BENCH_WORKERS ?? '1') })

process.on('message', async () => {
  const rows = await sts.kept.audit.list({ event: ISSUED, limit: 10_000_000 })
  process.send?.({ audited: rows.length })
})
const { host } = new URL(sts.baseUrl)
const name = `${principal.clientId}@${principal.realm}`
process.send?.({
  pid: process.pid,
  url: `${sts.issuer}/tokens/OAuth/2`,
  resource: sts.resource.audience,
  header: { alg: 'RS256', typ: 'JWT', x5t: principal.x5t },
  claims: { aud: `00000001-0000-0000-c000-000000000000/${host}@${principal.realm}`, iss: name, nameid: name },
  privateKey: principal.privateKey,
})
process.on('disconnect', () => process.exit(0))
