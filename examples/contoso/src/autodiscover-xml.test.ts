import { expect, test } from 'vitest'
import { answerAutodiscoverXml } from './autodiscover-xml.ts'

const SCHEMA = 'http://schemas.microsoft.com/exchange/autodiscover'
const mary = {
  upn: 'mary@contoso.com',
  displayName: 'Mary & co',
  activeSyncUrl: 'https://mail.contoso.com/Microsoft-Server-ActiveSync',
}
const ask = (address: string, schema = `${SCHEMA}/mobilesync/responseschema/2006`): string =>
  answerAutodiscoverXml(
    Buffer.from(
      `<?xml version="1.0"?><Autodiscover xmlns="${SCHEMA}/mobilesync/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress>` +
        `<AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`,
    ),
    mary,
  )

test('a phone learns the address of the ActiveSync server', () => {
  const answer = ask('Mary@Contoso.com')
  expect(answer).toContain(`<Type>MobileSync</Type><Url>${mary.activeSyncUrl}</Url>`)
  expect(answer).toContain('<DisplayName>Mary &amp; co</DisplayName>')
})

test('another address, another schema, and what is no such request are errors inside the answer', () => {
  expect(ask('joe@contoso.com')).toContain('<ErrorCode>603</ErrorCode>')
  expect(ask('mary@contoso.com', `${SCHEMA}/outlook/responseschema/2006a`)).toContain('<ErrorCode>601</ErrorCode>')
  for (const body of ['', 'x', '<a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
    expect(answerAutodiscoverXml(Buffer.from(body), mary)).toContain('<ErrorCode>600</ErrorCode>')
})
