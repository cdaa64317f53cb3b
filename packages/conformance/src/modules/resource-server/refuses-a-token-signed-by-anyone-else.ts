import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { module } from '../../conformance-module.ts'
import { findOpenedResource, mustRefuse, readPart, writePart } from '../../presented-token.ts'

const isKeyOf = (key: unknown, kid: unknown): key is object =>
  typeof key === 'object' && key !== null && Reflect.get(key, 'kid') === kid

export default module('resource-server', 'refuses a token signed by anyone else', async (target, checks) => {
  const opened = await findOpenedResource(target, checks)
  if (!opened) return
  const header = readPart(opened.parts[0])
  const claims = readPart(opened.parts[1])
  const stranger = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(stranger.publicKey)
  const sign = (more: object) =>
    new SignJWT(claims).setProtectedHeader({ ...header, alg: 'RS256', ...more }).sign(stranger.privateKey)

  await mustRefuse(target, checks, opened.url, "a stranger's key under the right name", await sign({}))
  await mustRefuse(target, checks, opened.url, "a stranger's key under its own name", await sign({ kid: 'stranger' }))
  await mustRefuse(target, checks, opened.url, 'a key that the token brings along (jwk)', await sign({ jwk }))
  await mustRefuse(
    target,
    checks,
    opened.url,
    'a key at an address in the token (jku)',
    await sign({ jku: 'https://stranger.example/keys' }),
  )

  // RFC 8725 section 2.1: the public key, used as if it were a shared secret.
  const known = (await opened.publishedKeys()).find((key) => isKeyOf(key, header.kid))
  if (known === undefined)
    return checks.skip('RFC 8725 section 3.1', 'the public key is no shared secret', 'the token names no published key')
  const key = await importJWK({ ...known } as JWK, String(header.alg)) // jose checks the members itself
  if (key instanceof Uint8Array) return checks.must('RFC 7517 section 9.2', 'a published key is public', false, 'a shared secret')
  const confused = `${writePart({ ...header, alg: 'HS256' })}.${opened.parts[1]}`
  const signature = createHmac('sha256', await exportSPKI(key))
    .update(confused)
    .digest('base64url')
  await mustRefuse(target, checks, opened.url, 'the public key used as a shared secret', `${confused}.${signature}`)
})
