/** A signing key's life, announced to signing to retired, seen by every process at once (F11; I12, I20; R61). */
import { createTokenValidator } from '@postern/resource-server'
import type { SigningKey } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { startSts } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, refresh, refreshTokenOf } from '../../support/person-browser.ts'
import { type StsProcess, startStsProcess } from '../../support/sts-process.ts'
import { basic, headerOf, MAIL, mailTokens, programToken, signedIn, startWorld, verdict, type World } from '../support/world.ts'

/** A new key, made by a service that is thrown away. */
async function newKey(times: Pick<SigningKey, 'announcedAt' | 'signsFrom'>): Promise<SigningKey> {
  const other = await startSts()
  const [key] = await other.kept.signingKeys.list(new Date())
  await other.close()
  if (!key) throw new TypeError('a realm without a key')
  return { ...key, ...times }
}

const later = (seconds: number): Date => new Date(Date.now() + seconds * 1000)
const published = async (issuer: string): Promise<string[]> =>
  ((await (await fetch(`${issuer}/discovery/v2.0/keys`)).json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid)

describe('in one process', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })
  afterAll(() => world.close())

  it('a key is shown before it signs, signs at its time, and is shown until its last token has ended', async () => {
    const { kept } = world.sts
    const [old] = await kept.signingKeys.list(new Date())
    if (!old) throw new TypeError('no key')
    const mail = await mailTokens(world, await signedIn(world))
    const kid = async () => headerOf((await programToken(world)).body.access_token).kid
    expect(await kid()).toBe(old.kid)

    const next = await newKey({ announcedAt: later(0), signsFrom: later(3600) })
    await kept.signingKeys.add(next)
    await kept.signingKeys.retire(old.kid, { retiresAt: later(3600), removedAt: later(3600 + 90 * 86_400) })
    expect(await published(world.issuer)).toEqual([old.kid, next.kid])
    expect(await kid()).toBe(old.kid)

    world.pass(3599)
    expect(await kid()).toBe(old.kid)
    const lastOfOld = String((await programToken(world)).body.access_token)
    world.pass(1)
    expect(await kid()).toBe(next.kid)
    expect(await published(world.issuer)).toEqual([next.kid, old.kid])

    // A resource server that knew the old key alone takes tokens of both, and no token was refused.
    const validator = createTokenValidator({
      issuers: [world.issuer],
      audience: MAIL,
      allowInsecureLoopback: true,
      clock: () => new Date(),
    })
    await validator.validate(lastOfOld)
    await validator.validate(String((await programToken(world)).body.access_token))
    const told = await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token: lastOfOld }, basic(world.sts.clients.server))
    expect(told.body.active).toBe(true)

    // The refresh token of the old key works on, and its successor is signed with the new one.
    const answer = await refresh(world.token, world.sts.clients.mail.clientId, mail.refresh)
    expect(verdict(answer)).toBe('200 ok')
    expect(headerOf(mail.refresh).kid).toBe(old.kid)
    expect(headerOf(refreshTokenOf(answer)).kid).toBe(next.kid)
    expect(headerOf(answer.body.id_token).kid).toBe(next.kid)

    world.pass(86_400)
    expect(await published(world.issuer)).toEqual([next.kid])
  })

  it('a key withdrawn in need is gone at the next request, and what it signed with it', async () => {
    const { kept } = world.sts
    const before = await published(world.issuer)
    const mail = await mailTokens(world, await signedIn(world))
    const stolen = String(headerOf(mail.refresh).kid)
    expect(before).toContain(stolen)
    const fresh = await newKey({ announcedAt: later(0), signsFrom: later(0) })
    await kept.signingKeys.add(fresh)
    await kept.signingKeys.retire(stolen, { retiresAt: later(0), removedAt: later(0) })
    expect(await published(world.issuer)).toEqual([fresh.kid])
    expect(headerOf((await programToken(world)).body.access_token).kid).toBe(fresh.kid)
    expect(verdict(await refresh(world.token, world.sts.clients.mail.clientId, mail.refresh))).toBe('400 invalid_grant')
    const told = await askToken(`${world.issuer}/oauth2/v2.0/introspect`, { token: mail.access }, basic(world.sts.clients.server))
    expect(told.body).toEqual({ active: false })
    const validator = createTokenValidator({
      issuers: [world.issuer],
      audience: MAIL,
      allowInsecureLoopback: true,
      clock: () => new Date(),
    })
    await expect(validator.validate(mail.access)).rejects.toMatchObject({ code: 'key_unknown' })
  })
})

describe('in two processes on PostgreSQL', () => {
  let sts: Awaited<ReturnType<typeof startSts>>
  let other: StsProcess
  let server: Awaited<ReturnType<typeof startPostgres>>
  beforeAll(async () => {
    server = await startPostgres()
    const databaseUrl = await server.createDatabase()
    sts = await startSts({ databaseUrl })
    other = await startStsProcess({ databaseUrl, masterKey: sts.masterKey, baseUrl: sts.baseUrl })
  })
  afterAll(async () => {
    await other?.kill()
    await sts?.close()
    await server?.stop()
  })

  it('both sign with the new key from the next request on, and no good token is refused', async () => {
    const endpoints = [`${sts.issuer}/oauth2/v2.0/token`, `${other.address}/${sts.realm.id}/oauth2/v2.0/token`]
    const [old] = await sts.kept.signingKeys.list(new Date())
    if (!old) throw new TypeError('no key')
    // A resource server that asked for the keys when the newest one was announced.
    const newValidator = () => createTokenValidator({ issuers: [sts.issuer], audience: MAIL, allowInsecureLoopback: true })
    let validator = newValidator()
    const round = async (): Promise<{ kids: unknown[]; tokens: string[] }> => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          askToken(
            endpoints[at % 2] ?? '',
            { grant_type: 'client_credentials', resource: MAIL },
            basic(sts.clients.confidential),
          ),
        ),
      )
      expect(answers.map(verdict)).toEqual(Array.from({ length: 20 }, () => '200 ok'))
      const tokens = answers.map((answer) => String(answer.body.access_token))
      for (const token of tokens) await validator.validate(token)
      return { tokens, kids: [...new Set(tokens.map((token) => headerOf(token).kid))] }
    }
    const before = await round()
    expect(before.kids).toEqual([old.kid])

    const next = await newKey({ announcedAt: later(-3600), signsFrom: later(3600) })
    await sts.kept.signingKeys.add(next)
    for (const address of [sts.issuer, `${other.address}/${sts.realm.id}`])
      expect(await published(address)).toEqual([old.kid, next.kid])
    expect((await round()).kids).toEqual([old.kid])

    // An announcement whose time has come: the old key retires.
    const third = await newKey({ announcedAt: later(-3600), signsFrom: later(-1) })
    await sts.kept.signingKeys.add(third)
    await sts.kept.signingKeys.retire(old.kid, { retiresAt: later(-1), removedAt: later(90 * 86_400) })
    validator = newValidator()
    const after = await round()
    expect(after.kids).toEqual([third.kid])
    for (const token of before.tokens) await validator.validate(token)
    for (const address of [sts.issuer, `${other.address}/${sts.realm.id}`])
      expect((await published(address)).toSorted()).toEqual([old.kid, next.kid, third.kid].toSorted())
  })
})
