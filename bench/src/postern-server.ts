/**
 * Postern as a test starts it, in a process of its own, with a client that may ask for tokens by client credentials. With
 * `POSTERN_BENCH_DATABASE` it runs on that PostgreSQL, otherwise on the embedded database in memory.
 */
import process from 'node:process'
import { startSts } from '@postern/sts/testing'

const databaseUrl = process.env.POSTERN_BENCH_DATABASE
const sts = await startSts(databaseUrl === undefined ? {} : { databaseUrl })
const { clientId, clientSecret } = sts.clients.confidential
process.send?.({
  url: `${sts.issuer}/oauth2/v2.0/token`,
  form: { grant_type: 'client_credentials', scope: `${sts.resource.audience.replace(/\/$/, '')}/Mail.Read` },
  credentials: `${clientId}:${clientSecret}`,
})
process.on('disconnect', () => process.exit(0))
