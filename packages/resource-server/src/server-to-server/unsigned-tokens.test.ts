/** The shape of CVE-2023-29357: a token that nobody signed is believed. */

import { ActorBench, base64url } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { makeActorScene } from '../testing/actor-scene.ts'
import { createActorTokenValidator } from './actor-token.ts'
import type { ActorTokenUse } from './actor-token-contract.ts'

const { scene, options } = makeActorScene()
const bench = new ActorBench(scene)
const uses: ActorTokenUse[] = []
const validator = createActorTokenValidator({ ...options, onUse: (use) => uses.push(use) })
const secure = { secure: true }

test('alg none is refused in every spelling, with a signature and without, alone and around an actor token', async () => {
  const spellings: readonly unknown[] = [
    ...Array.from({ length: 16 }, (_, bits) =>
      [...'none'].map((letter, at) => (bits & (1 << at) ? letter.toUpperCase() : letter)).join(''),
    ),
    ...[
      'none ',
      ' none',
      'none\n',
      'none\u0000',
      'n\u043ene',
      '',
      'None256',
      null,
      ['none'],
      { alg: 'none' },
      true,
      0,
      undefined,
    ],
  ]
  const [, , kept = ''] = bench.user().split('.')
  for (const alg of spellings) {
    for (const signature of ['', kept]) {
      for (const actortoken of [bench.actor(), null]) {
        const header = base64url(JSON.stringify({ typ: 'JWT', alg }))
        const token = `${header}.${base64url(bench.userClaims({ actortoken }))}.${signature}`
        const expected =
          alg !== 'none'
            ? 'algorithm_not_allowed'
            : signature !== ''
              ? 'token_malformed'
              : actortoken === null
                ? 'algorithm_not_allowed'
                : 'unsigned_not_allowed'
        await expect(validator.validate(token, secure), String(alg)).rejects.toMatchObject({ code: expected })
      }
    }
  }
})

test('the proof token of the attack is refused', async () => {
  const id = '00000003-0000-0ff1-ce00-000000000000'
  const { now, realm } = scene
  const claims = {
    iss: id,
    aud: `${id}@${realm}`,
    nbf: String(now - 10),
    exp: String(now + 3600),
    nameid: `${id}@${realm}`,
    ver: 'hashedprooftoken',
    isloopback: true,
    endpointurl: 'x',
  }
  const token = `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(claims))}.`
  await expect(validator.validate(token, secure)).rejects.toMatchObject({ code: 'type_mismatch' })
  const typed = `${base64url('{"alg":"none","typ":"JWT"}')}.${base64url(JSON.stringify(claims))}.`
  await expect(validator.validate(typed, secure)).rejects.toMatchObject({ code: 'algorithm_not_allowed' })
  await expect(validator.validate(`${typed}AAA`, secure)).rejects.toMatchObject({ code: 'token_malformed' })
})

test('the switch opens the door for its partner alone, over TLS alone, and each use is told', async () => {
  const told = uses.length
  expect(await validator.validate(bench.unsigned(), secure)).toMatchObject({ kind: 'user', form: 'unsigned' })
  expect(uses.slice(told)).toMatchObject([
    { outcome: 'allowed', form: 'unsigned', actor: bench.nameid(scene.unsignedPartner), user: scene.users.good.upn },
  ])
  for (const request of [undefined, {}, { secure: false }])
    await expect(validator.validate(bench.unsigned(), request)).rejects.toMatchObject({ code: 'connection_not_secure' })
  const ofAnother = bench.unsigned({ claims: { iss: bench.nameid(), actortoken: bench.actor() } })
  await expect(validator.validate(ofAnother, secure)).rejects.toMatchObject({ code: 'unsigned_not_allowed' })
})

test('the switch is off unless it is true', async () => {
  const { clientId } = scene.unsignedPartner
  for (const value of [undefined, false, 'true', 1]) {
    const partner = { clientId, realm: scene.realm, actAs: {}, dangerouslyAcceptUnsignedUserTokens: value as boolean }
    const careful = createActorTokenValidator({ ...options, partners: [partner] })
    await expect(careful.validate(bench.unsigned(), secure)).rejects.toMatchObject({ code: 'unsigned_not_allowed' })
  }
})

test('what binds a signed token binds an unsigned one', async () => {
  const bent = [
    { exp: scene.now + 3481 },
    { aud: bench.audience.replace('mail', 'other') },
    { iss: bench.nameid() },
    { upn: scene.users.foreign.upn, smtp: undefined },
  ]
  for (const claims of bent)
    await expect(validator.validate(bench.unsigned({ claims }), secure)).rejects.toMatchObject({ name: 'ActorTokenError' })
})
