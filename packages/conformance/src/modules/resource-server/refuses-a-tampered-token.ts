import { module } from '../../conformance-module.ts'
import { changeOneCharacter, findOpenedResource, mustRefuse, readPart, writePart } from '../../presented-token.ts'

export default module('resource-server', 'refuses a tampered token', async (target, checks) => {
  const opened = await findOpenedResource(target, checks)
  if (!opened) return
  const [header, payload, signature] = opened.parts
  const claims = readPart(payload)
  await mustRefuse(target, checks, opened.url, 'a changed signature', `${header}.${payload}.${changeOneCharacter(signature)}`)
  await mustRefuse(
    target,
    checks,
    opened.url,
    'another subject',
    `${header}.${writePart({ ...claims, sub: 'somebody-else' })}.${signature}`,
  )
  const later = { ...claims, exp: Number(claims.exp) + 86_400 }
  await mustRefuse(target, checks, opened.url, 'a later end', `${header}.${writePart(later)}.${signature}`)
  await mustRefuse(target, checks, opened.url, 'a cut signature', `${header}.${payload}.${signature.slice(0, 40)}`)
  // Again the good one: a refusal must not shut the door for its owner.
  await findOpenedResource(target, checks)
})
