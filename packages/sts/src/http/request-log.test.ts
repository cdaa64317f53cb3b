import { expect, test } from 'vitest'
import { loggablePath } from './request-log.ts'

test('keeps names and leaves out what is long enough to be a token', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJ5In0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw'
  expect(loggablePath(`/8f1f3c9e-4c1b-4a52-9f0a-0d5b7c2f6e11/introspect/${token}`)).toBe(
    '/8f1f3c9e-4c1b-4a52-9f0a-0d5b7c2f6e11/introspect/[long]',
  )
})

test('leaves out the uid of a sign-in, which is as long as a token of 256 bits', () => {
  const uid = Buffer.alloc(32, 7).toString('base64url')
  expect(uid).toHaveLength(43)
  expect(loggablePath(`/contoso.com/signin/${uid}/password`)).toBe('/contoso.com/signin/[long]/password')
})
