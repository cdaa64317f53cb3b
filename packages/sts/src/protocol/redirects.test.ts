import { describe, expect, it } from 'vitest'
import { redirectAllowed } from './redirects.ts'

const native = [
  'http://127.0.0.1/callback',
  'http://localhost',
  'com.apple.Preferences://oauth-redirect',
  'https://app.example/cb',
]

describe('redirectAllowed', () => {
  it.each([
    'http://127.0.0.1/callback',
    'http://127.0.0.1:49152/callback',
    'http://localhost:3000',
    'http://localhost:3000/',
    'com.apple.Preferences://oauth-redirect',
    'https://app.example/cb',
  ])('allows a native client %s', (uri) => expect(redirectAllowed(native, 'native', uri)).toBe(true))

  it.each([
    'http://127.0.0.1:49152/callback/',
    'http://127.0.0.1:49152/Callback',
    'http://127.0.0.1:0/callback',
    'http://127.0.0.1:99999/callback',
    'http://127.0.0.1:49152/callback?x=1',
    'http://127.0.0.1:49152/callback#x',
    'http://127.0.0.1:49152/x/../callback',
    'http://127.0.0.1:49152/%63allback',
    'http://user@127.0.0.1:49152/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.1:80@evil.example/callback',
    'http://127.0.0.1:49152\\callback',
    'http://0x7f.1/callback',
    'HTTP://127.0.0.1/callback',
    'https://127.0.0.1:49152/callback',
    'https://app.example:8443/cb',
    'https://app.example/cb/',
    'https://APP.example/cb',
    'https://app.example/cb?x=1',
    'https://app.example/cb#',
    'com.apple.preferences://oauth-redirect',
    'com.apple.Preferences://oauth-redirect/',
    '',
  ])('refuses a native client %s', (uri) => expect(redirectAllowed(native, 'native', uri)).toBe(false))

  it('refuses a web client another port of a loopback redirect', () => {
    expect(redirectAllowed(['http://localhost:8090/callback'], 'web', 'http://localhost:8090/callback')).toBe(true)
    expect(redirectAllowed(['http://localhost:8090/callback'], 'web', 'http://localhost:8091/callback')).toBe(false)
  })
})
