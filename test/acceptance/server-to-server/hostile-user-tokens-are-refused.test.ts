/**
 * The classes A1 to A50 of hostile server-to-server tokens, shown to the token service itself: as the assertion of
 * on-behalf-of, where a server names a person by a user token (F 1.8), and as the assertion of a request for an actor token.
 */
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { ActorBench, type ActorScene, hostileActorTokens, type ServerKey } from '@postern/conformance/hostile-tokens'
import { makeSelfSigned } from '@postern/resource-server/testing'
import type { TestPrincipal } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verdict } from '../support/world.ts'
import { type Stage, startStage } from './on-behalf-of-stage.ts'

const STS = '00000001-0000-0000-c000-000000000000'

let stage: Stage
let scene: ActorScene
let hostile: readonly Readonly<{ id: string; name: string; token: string }>[]

beforeAll(async () => {
  stage = await startStage()
  const { sts } = stage.world
  const { cloud } = stage
  // Nobody shows anything here: what policy demands would hide what is wrong with a token.
  await stage.removePolicies()
  // The scene's tokens are a minute old, and no actor token is older than the client that it was given to.
  stage.world.pass(120)
  await stage.delegate(['EAS.AccessAsUser.All'])
  const other = await sts.addPrincipal({ access: [{ resourceId: stage.onPrem.id, scopes: ['EAS.AccessAsUser.All'] }] })
  await stage.delegate(['EAS.AccessAsUser.All'], { clientId: other.clientId })
  const [signing] = await sts.kept.signingKeys.list(new Date())
  if (signing === undefined) throw new TypeError('the realm has no signing key')
  const privateKey = createPrivateKey({ key: Buffer.from(signing.privateKey), format: 'der', type: 'pkcs8' })
  const ended = makeSelfSigned('ended', { notAfter: new Date(Date.now() - 86_400_000) })
  scene = {
    now: Math.floor(Date.now() / 1000),
    own: { clientId: STS, host: new URL(sts.baseUrl).host },
    realm: sts.realm.id,
    otherRealm: randomUUID(),
    sts: { x5t: signing.kid, key: privateKey, der: signing.certificate },
    otherSts: makeSelfSigned('other'),
    endedSts: ended,
    partner: { clientId: cloud.clientId, key: keyOf(cloud), endedKey: ended },
    otherPartner: { clientId: other.clientId, key: keyOf(other) },
    unsignedPartner: { clientId: (await sts.addPrincipal()).clientId },
    ungrantedPartner: await ungranted(),
    limitedPartner: await ungranted(),
    attacker: makeSelfSigned('attacker'),
    users: {
      good: { upn: sts.mary.upn, sid: 's-1-5-21-1-2-3-1001' },
      second: { upn: sts.joe.upn, sid: 's-1-5-21-1-2-3-1002', puid: '10032001e2cbe43b' },
      ambiguous: 'shared@contoso.com',
      disabled: 'gone@contoso.com',
      administrator: 'root@contoso.com',
      unknown: 'nobody@contoso.com',
      foreign: { upn: 'eve@fabrikam.com', sid: 's-1-5-21-9-9-9-1001', puid: '10032001ffffffff' },
    },
    withoutSids: true,
    actorNumber: `${cloud.x5t}:${randomUUID()}`,
  }
  hostile = hostileActorTokens(scene)
    .filter(({ expects }) => expects === 'refused')
    .map(({ id, title, make }) => ({ id, name: title, token: make() }))
})
afterAll(() => stage.close())

const keyOf = ({ x5t, privateKey, certificate }: TestPrincipal): ServerKey => ({
  x5t,
  key: createPrivateKey(privateKey),
  der: new X509Certificate(certificate).raw,
})

async function ungranted() {
  const principal = await stage.world.sts.addPrincipal({ access: [] })
  return { clientId: principal.clientId, key: keyOf(principal) }
}

test('the good pair of the scene is understood, so what follows is refused for what is wrong with it', async () => {
  const rows = await stage.written(async () => {
    expect(verdict(await stage.onBehalfOf(new ActorBench(scene).user()))).toBe('200 ok')
  })
  expect(rows).toMatchObject([{ event: 'token.issued', accountId: stage.world.sts.mary.account.id, actor: stage.cloud.clientId }])
})

test('none of them gets a token on behalf of anybody; each is refused and stands in the trail with its reason', async () => {
  expect(hostile.length).toBeGreaterThanOrEqual(60)
  const rows = await stage.written(async () => {
    for (const { id, name, token } of hostile)
      expect(verdict(await stage.onBehalfOf(token)), `${id} ${name}`).toMatch(/^400 invalid_(grant|request)$/)
  })
  expect(rows).toHaveLength(hostile.length)
  expect(new Set(rows.map(({ event }) => event))).toEqual(new Set(['token.refused']))
  expect(new Set(rows.map(({ detail }) => detail.reason)).size).toBeGreaterThan(25)
})

test('none of them proves a server', async () => {
  for (const { id, name, token } of hostile) {
    const answer = await stage.ask(
      {
        grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer',
        assertion: token,
        resource: `${STS}/${scene.own.host}@${scene.realm}`,
      },
      { path: '/tokens/OAuth/2' },
    )
    expect(verdict(answer), `${id} ${name}`).toBe('401 invalid_client')
  }
})
