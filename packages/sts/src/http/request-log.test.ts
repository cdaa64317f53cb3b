import { expect, test } from 'vitest'
import { loggablePath } from './request-log.ts'

test('keeps names and leaves out what is long enough to be a token', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJ5In0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw'
  expect(loggablePath(`/8f1f3c9e-4c1b-4a52-9f0a-0d5b7c2f6e11/introspect/${token}`)).toBe(
    '/8f1f3c9e-4c1b-4a52-9f0a-0d5b7c2f6e11/introspect/[long]',
  )
})
