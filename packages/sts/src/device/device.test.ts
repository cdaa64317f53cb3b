import { describe, expect, test } from 'vitest'
import { renderDeviceDone, renderUserCodeConfirm, renderUserCodeInput } from './device.ts'

const canary = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{app}&`
const realm = { id: canary, displayName: canary, issuer: 'https://sts.contoso.com/r', path: '/r' }
const device = { realm, language: 'en', reference: canary, action: canary, xsrf: canary } as const

describe('no page', () => {
  test.each([
    ['of typing a code', renderUserCodeInput({ ...device, userCode: canary, problem: 'unknown' })],
    [
      'of saying yes or no',
      renderUserCodeConfirm({ ...device, clientName: canary, userCode: canary, hints: { where: canary, device: canary } }),
    ],
    [
      'of a name that nobody vouches for',
      renderUserCodeConfirm({ ...device, clientName: canary, userCode: canary, isUnverified: true }),
    ],
    ['of the end', renderDeviceDone({ ...device, clientName: canary })],
  ])('%s lets a canary out of its place', (_, page) => {
    expect(page).not.toMatch(/<script|<img|"'>/)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })
})

describe('the forms', () => {
  const plain = { ...device, xsrf: 'x1', action: '/r/device' }
  const fields = (page: string) =>
    [...page.matchAll(/name="(\w+)"(?: value="(\w+)")?/g)].map(([, name, value]) => `${name}=${value ?? ''}`)

  test('post what oidc-provider reads', () => {
    expect(fields(renderUserCodeInput(plain))).toEqual(expect.arrayContaining(['xsrf=x1', 'user_code=']))
    expect(fields(renderUserCodeConfirm({ ...plain, clientName: 'A', userCode: 'BCDF' }))).toEqual(
      expect.arrayContaining(['xsrf=x1', 'user_code=BCDF', 'confirm=yes', 'abort=yes']),
    )
  })

  test('leave out where and with what when nobody knows', () => {
    expect(renderUserCodeConfirm({ ...plain, clientName: 'A', userCode: 'BCDF' })).not.toContain('<dl')
  })
})
