import { expect, test } from 'vitest'
import { changeOneCharacter, renderSummary } from './demo-summary.ts'

const token = `aaaa.bbbb.${'Ab_-9'.repeat(20)}`
const demo = {
  issuer: 'http://localhost:8080/realm',
  realm: { id: 'realm', domain: 'contoso.com' },
  accounts: [
    { upn: 'mary@contoso.com', password: 'p1', totpSecret: 'S1' },
    { upn: 'joe@contoso.com', password: 'p2' },
  ],
  admin: { upn: 'admin@contoso.com', password: 'p3', totpSecret: 'S3' },
  mailClient: { clientId: 'mail', redirectUris: [] },
  exchangeClientId: 'exchange',
  mailResource: 'http://localhost:8090/',
  mailServer: 'http://localhost:8090',
  endpoints: {},
}

test('changeOneCharacter changes exactly one character, of the signature', () => {
  const changed = changeOneCharacter(token)
  const differing = [...token].flatMap((character, at) => (character === changed[at] ? [] : [at]))
  expect(changed).toHaveLength(token.length)
  expect(differing).toHaveLength(1)
  expect(differing[0]).toBeGreaterThan(token.lastIndexOf('.'))
  expect(() => changeOneCharacter('no token')).toThrow(TypeError)
})

test('the summary holds three curl lines that can be copied as they are', async () => {
  const lines = (await renderSummary({ demo, token, logs: [] })).split('\n').filter((line) => line.startsWith('curl '))
  const inbox = 'http://localhost:8090/api/v1/me/messages'
  expect(lines).toEqual([
    `curl -i -H 'Authorization: Bearer' ${inbox}`,
    `curl -i -H 'Authorization: Bearer ${token}' ${inbox}`,
    `curl -i -H 'Authorization: Bearer ${changeOneCharacter(token)}' ${inbox}`,
  ])
})

test('the summary names every account, and no page that nobody serves', async () => {
  const text = await renderSummary({ demo, token, logs: ['a.log'] })
  for (const { upn, password } of [...demo.accounts, demo.admin]) expect(text).toMatch(new RegExp(`${upn} +${password} `))
  expect(text).not.toContain('Portal')
  expect(text).toContain('\n  npm run hybrid\n')
  expect(text).toContain('\n  npm run phone\n')
})
