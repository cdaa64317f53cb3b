/** Codes, tokens, passwords and secrets are nowhere to be found but with those they were given to (R24, R134; I18). */
import { connect } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { askToken, redeem, refresh, refreshTokenOf } from '../../support/person-browser.ts'
import { freePort, startStsProcess } from '../../support/sts-process.ts'
import { createBrowser } from '../support/browser.ts'
import { approve, startDevice } from '../support/device.ts'
import { authorization, basic, programToken, startWorld, type World } from '../support/world.ts'

let server: Awaited<ReturnType<typeof startPostgres>>
let databaseUrl: string
let world: World
beforeAll(async () => {
  server = await startPostgres()
  databaseUrl = await server.createDatabase()
  world = await startWorld({ databaseUrl })
  // The process that is watched has the real clock.
  vi.useRealTimers()
})
afterAll(async () => {
  await world?.close()
  await server?.stop()
})

const mail = () => world.sts.clients.mail.clientId

it('no code, token, password or secret is in the log, in the trail, or anywhere in the database', async () => {
  const port = await freePort()
  const baseUrl = `http://localhost:${port}`
  const other = await startStsProcess({
    databaseUrl,
    masterKey: world.sts.masterKey,
    baseUrl,
    port,
    environment: { POSTERN_LOG_LEVEL: 'trace' },
  })
  const database = await connect({ kind: 'postgres', url: databaseUrl })
  try {
    const issuer = `${baseUrl}/${world.sts.realm.id}`
    const there: World = { ...world, issuer, token: `${issuer}/oauth2/v2.0/token`, pass: () => undefined }
    const secrets: string[] = [
      world.sts.mary.password,
      world.sts.mary.totpSecret ?? '',
      world.sts.clients.confidential.clientSecret ?? '',
      'wrong-password-canary',
    ]
    const one = createBrowser()
    const asked = authorization(there, { change: { login_hint: world.sts.mary.upn, state: 'state-canary-of-the-client' } })
    let page = await one.submit(await one.open(asked.url), { password: 'wrong-password-canary' })
    page = await one.submit(page, { password: world.sts.mary.password })
    page = await one.submit(page, { code: await there.totp() })
    const code = page.left?.searchParams.get('code') ?? ''
    expect(code).not.toBe('')
    const answer = await redeem(there.token, { ...asked, code })
    const refreshed = await refresh(there.token, mail(), refreshTokenOf(answer))
    const program = await programToken(there)
    const device = await startDevice(there)
    await approve(there, one, device.userCode)
    secrets.push(code, asked.verifier, device.deviceCode)
    for (const one of [answer, refreshed, program])
      for (const name of ['access_token', 'refresh_token', 'id_token'])
        if (typeof one.body[name] === 'string') secrets.push(one.body[name])
    // The cookie of a sign-in under way names what stands in its address; only its signature is a secret.
    for (const [key, cookie] of one.cookies) if (/session|\.sig/.test(key)) secrets.push(cookie.value)
    // What goes wrong is logged with more words.
    await askToken(there.token, { grant_type: 'refresh_token', refresh_token: refreshTokenOf(answer), client_id: mail() })
    await fetch(`${issuer}/oauth2/v2.0/introspect?token=${String(refreshed.body.access_token)}`, {
      headers: basic(world.sts.clients.server),
    })
    await fetch(`${issuer}/oidc/userinfo?access_token=${String(refreshed.body.access_token)}`)
    await fetch(`${issuer}/oauth2/v2.0/token?code=${code}`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    const signatures = secrets.filter((secret) => secret.split('.').length === 3).map((secret) => secret.split('.')[2] ?? '')

    const log = other.output()
    expect(log).toContain('/oauth2/v2.0/token')
    let dump = ''
    for (const { name } of await database.db.introspection.getTables()) {
      const all = await database.db
        .selectFrom(name as 'audit_event')
        .selectAll()
        .execute() // whichever table it is, all of it
      dump += JSON.stringify(all)
    }
    expect(dump).toContain('token.issued')
    for (const secret of [...secrets, ...signatures].filter((one) => one.length > 5)) {
      expect(log.includes(secret), `in the log: ${secret.slice(0, 12)}…`).toBe(false)
      expect(dump.includes(secret), `in the database: ${secret.slice(0, 12)}…`).toBe(false)
    }
  } finally {
    await database.close()
    await other.kill()
  }
})
