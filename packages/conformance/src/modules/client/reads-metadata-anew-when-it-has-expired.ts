import { module } from '../../conformance-module.ts'
import { playScene } from '../../scripted/client-stage.ts'
import { describePlayed, grantsOf, wasMet } from '../../scripted/judging.ts'
import type { World } from '../../scripted/script.ts'
import { isInbox } from '../../scripted/scripted-mail-server.ts'

const hasRead = (world: World): boolean => world.heard.some((one) => one.place === 'mail' && isInbox(one))

export default module('client', 'reads metadata anew when it has expired', async (target, checks) => {
  const clause = 'RFC 9111 section 4.2'
  const played = await playScene(target, 'reads-metadata-anew-when-it-has-expired', {
    reads: 2,
    // The document may not be kept. After the first read of the inbox the token endpoint moves.
    metadata: (document, { world }) => ({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: hasRead(world) ? { ...document, token_endpoint: `${world.at.issuer}/token/moved` } : document,
    }),
    token: ({ heard, world }) => {
      if (!hasRead(world) || heard.url.pathname.endsWith('/moved')) return undefined
      return { status: 404, body: 'Nothing is here any longer.' }
    },
    mail: ({ heard, world }) => {
      if (!isInbox(heard)) return undefined
      const isSecond = world.heard.filter((one) => one.place === 'mail' && isInbox(one)).length === 2
      if (isSecond) world.expireTokens()
      if (isSecond) world.meet()
      return undefined
    },
  })
  if (!wasMet(checks, clause, 'it finds the token endpoint where it is now', played)) return
  const { delivered } = played
  checks.must(clause, 'it finds the token endpoint where it is now', delivered === 2, describePlayed(played))
  const moved = grantsOf(played, 'refresh_token').filter(({ url }) => !url.pathname.endsWith('/moved'))
  checks.must(clause, 'it asks at most three times where nothing is', moved.length <= 3, `${moved.length} times`)
})
