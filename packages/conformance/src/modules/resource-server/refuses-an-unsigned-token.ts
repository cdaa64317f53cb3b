import { module } from '../../conformance-module.ts'
import { findOpenedResource, mustRefuse, readPart, writePart } from '../../presented-token.ts'

export default module('resource-server', 'refuses an unsigned token', async (target, checks) => {
  const opened = await findOpenedResource(target, checks)
  if (!opened) return
  const [header, payload, signature] = opened.parts
  for (const alg of ['none', 'None', 'NONE', '']) {
    const unsigned = writePart({ ...readPart(header), alg })
    await mustRefuse(target, checks, opened.url, `alg "${alg}" with a signature left over`, `${unsigned}.${payload}.${signature}`)
    await mustRefuse(target, checks, opened.url, `alg "${alg}" without signature`, `${unsigned}.${payload}.`)
  }
  await mustRefuse(target, checks, opened.url, 'a token without its signature', `${header}.${payload}.`)
})
