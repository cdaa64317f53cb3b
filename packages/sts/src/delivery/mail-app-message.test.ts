import { describe, expect, test } from 'vitest'
import { harmlessName, renderMailAppMessage } from './mail-app-message.ts'
import { encodeShortMessage } from './smpp/short-message.ts'

const about = {
  app: { name: 'Outlook', protocol: 'ActiveSync', state: 'pending' },
  realm: 'Contoso',
  portal: 'https://sts.contoso.com/contoso.com/portal',
} as const

describe('the message about a waiting app', () => {
  test('is one short message, names app, kind, realm and portal, and asks for nothing', () => {
    const text = renderMailAppMessage(about)
    expect(text).toBe(
      'Contoso: a new app, "Outlook" (ActiveSync), wants your mail. Not yours? Change your password. Yours? Let it in: https://sts.contoso.com/contoso.com/portal',
    )
    expect(encodeShortMessage(text, { long: 'parts', reference: 1 }).parts).toHaveLength(1)
  })

  test.each(['en', 'de-CH', 'fr', 'ja'])('has all facts in %s, and says who has to let a quarantined app in', (language) => {
    const texts = (['pending', 'quarantined'] as const).map((state) =>
      renderMailAppMessage({ ...about, app: { ...about.app, state }, language }),
    )
    for (const text of texts) for (const fact of ['Contoso', '"Outlook"', 'ActiveSync']) expect(text).toContain(fact)
    for (const text of texts) expect(text).toMatch(/ https:\/\/sts\.contoso\.com\/contoso\.com\/portal$/)
    expect(texts[0]).not.toBe(texts[1])
  })

  test('goes without a name where the app has none that may be told', () => {
    const text = renderMailAppMessage({ ...about, app: { ...about.app, name: '://' } })
    expect(text).toContain('a new app, ActiveSync, wants')
  })
})

test.each([
  ['iPhone 15 Pro', 'iPhone 15 Pro'],
  ['Müller’s Gerät', 'Müller s Gerät'],
  ['SM-G998B', 'SM-G998B'],
  ['go to https://evil.example/x', 'go to https evil example x'],
  ['evil.example', 'evil example'],
  ['ｅｖｉｌ．ｅｘａｍｐｌｅ', 'evil example'],
  ['call +49 900 123 4567 now', 'call + now'],
  ['a\r\nYour account\u202e is locked', 'a Your account is locked'],
  ['x'.repeat(50), 'x'.repeat(30)],
  ['\ud800', ''],
])('of the name %j only %j is told', (name, told) => {
  expect(harmlessName(name)).toBe(told)
})
