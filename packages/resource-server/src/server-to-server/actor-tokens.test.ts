import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { ActorBench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { issuerOf, makeActorScene } from '../testing/actor-scene.ts'
import { refusal, refusalLater } from '../testing/refusal.ts'
import type { ActorRules, VerifiedActor } from './actor-claims.ts'
import { createActorTokens } from './actor-tokens.ts'
import type { FoundKey, IssuerSource } from './issuer-source.ts'

const { scene } = makeActorScene()
const { realm, now } = scene
const bench = new ActorBench(scene)
const rules: ActorRules = { audiences: new Map([[bench.audience, realm]]), toleranceSeconds: 30, maxActorSeconds: 3600 }
const key = createPublicKey(scene.sts.key)
const principal = issuerOf(realm)

/** Actor tokens of one issuer, whose key can be changed. */
function makeTokens(found: FoundKey = { x5t: scene.sts.x5t, key }, rememberTokens = 10) {
  const held = { found }
  const asked: string[] = []
  const source: IssuerSource = {
    realm,
    principal,
    find: (x5t) => {
      asked.push(x5t)
      return held.found
    },
    prepare: async () => undefined,
  }
  const tokens = createActorTokens(new Map([[principal, source]]), rules, rememberTokens)
  const verify = (token: string, at = now): VerifiedActor => {
    const verified = tokens.verify(token, at)
    if (verified instanceof Promise) throw new TypeError('the key was at hand')
    return verified
  }
  return { tokens, verify, held, asked }
}

test('a token is remembered from its second time on, each for itself, and its key is looked for each time', () => {
  const { verify, asked } = makeTokens()
  const one = bench.actor()
  const other = bench.actor({ claims: { jti: 'other' } })
  const first = [verify(one), verify(other)]
  const second = [verify(one), verify(other)]
  const third = [verify(one), verify(other)]
  expect(second).toEqual(first)
  // What is remembered is the very object; what is verified anew is another one.
  expect(second[0]).not.toBe(first[0])
  expect(second[1]).not.toBe(first[1])
  expect(third[0]).toBe(second[0])
  expect(third[1]).toBe(second[1])
  expect(asked).toEqual(Array(6).fill(scene.sts.x5t))
})

test('nothing is remembered where that is switched off', () => {
  const { verify } = makeTokens(undefined, 0)
  const seen = new Set(Array.from({ length: 4 }, () => verify(bench.actor())))
  expect(seen.size).toBe(4)
})

test('a remembered token holds from the tolerance before its start to the second before its end', () => {
  const { verify } = makeTokens()
  const token = bench.actor({ claims: { nbf: now, iat: now, exp: now + 300 } })
  verify(token)
  const kept = verify(token)
  expect(verify(token, now - 30)).toBe(kept)
  expect(verify(token, now + 299)).toBe(kept)
  expect(refusal(() => verify(token, now - 31))).toBe(`token_not_yet_valid: actor token: nbf ${now}, iat ${now}`)
  expect(refusal(() => verify(token, now + 300))).toBe(`token_expired: actor token: exp ${now + 300}`)
  expect(verify(token)).toBe(kept)
})

test('a token that is remembered under another key object is verified with the new one, and remembered under that', () => {
  const { verify, held } = makeTokens()
  const token = bench.actor()
  verify(token)
  const kept = verify(token)
  held.found = { x5t: scene.sts.x5t, key: createPublicKey(scene.sts.key) }
  const anew = verify(token)
  expect(anew).not.toBe(kept)
  expect(verify(token)).toBe(anew)
  held.found = { x5t: scene.sts.x5t, key: createPublicKey(scene.attacker.key) }
  expect(refusal(() => verify(token))).toBe('signature_invalid: actor token: RS256')
})

test('keys that are not there, not known, ended or weak stop even what is remembered', async () => {
  const { tokens, verify, held } = makeTokens()
  const token = bench.actor()
  const { x5t } = scene.sts
  for (let time = 0; time < 3; time += 1) {
    held.found = { x5t, key }
    verify(token)
    held.found = 'unavailable'
    expect(refusal(() => verify(token))).toBe(`keys_unavailable: actor token: ${principal}`)
    held.found = 'unknown'
    expect(refusal(() => verify(token))).toBe(`key_unknown: actor token: x5t ${x5t} is not of ${principal}`)
    const notAfter = new Date(now * 1000)
    held.found = { x5t, key, notAfter }
    expect(refusal(() => verify(token))).toBe(`certificate_not_valid: actor token: ${x5t} ended ${notAfter.toISOString()}`)
  }
  held.found = { x5t, key: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey }
  expect(() => tokens.verify(token, now)).toThrow(/^A registered key must not be used: /)
})

test('a key that comes later is waited for', async () => {
  let held: FoundKey = { x5t: scene.sts.x5t, key }
  const source: IssuerSource = { realm, principal, find: async () => held, prepare: async () => undefined }
  const tokens = createActorTokens(new Map([[principal, source]]), rules, 10)
  const verify = async () => tokens.verify(bench.actor(), now)
  await verify()
  const kept = await verify()
  expect(await verify()).toBe(kept)
  held = 'unknown'
  expect(await refusalLater(verify())).toMatch(/^key_unknown: actor token: /)
})

test.for<readonly [Record<string, unknown>, string]>([
  [{ iss: undefined }, 'claim_missing: actor token: iss'],
  [{ iss: [principal] }, 'claim_invalid: actor token: iss is not a string'],
  [{ iss: principal.toUpperCase() }, `issuer_mismatch: actor token: iss "${principal.toUpperCase()}"`],
  [{ actortoken: 'x' }, 'actor_nested: actor token: an actor inside an actor'],
  [{ actor: 'x' }, 'actor_nested: actor token: an actor inside an actor'],
  [{ actor: 'x', iss: undefined }, 'actor_nested: actor token: an actor inside an actor'],
])('%j is refused before a key is looked for: %s', ([claims, expected]) => {
  const { verify, asked } = makeTokens()
  expect(refusal(() => verify(bench.actor({ claims })))).toBe(expected)
  expect(asked).toEqual([])
})

test('what is no token is refused, and no claim of it is believed before the signature', () => {
  const { verify } = makeTokens()
  for (const bad of ['', 'x', 'a.b.c', 7, undefined, null, 'x'.repeat(9000)])
    expect(refusal(() => verify(bad as string))).toMatch(/^token_(malformed|too_large): actor token: ./)
  const forged = bench.actor({
    key: scene.attacker,
    header: { x5t: scene.sts.x5t, kid: scene.sts.x5t },
    claims: { aud: 'elsewhere' },
  })
  expect(refusal(() => verify(forged))).toBe('signature_invalid: actor token: RS256')
  expect(refusal(() => verify(bench.actor({ claims: { aud: 'elsewhere' } })))).toMatch(/^audience_mismatch: actor token: /)
})
