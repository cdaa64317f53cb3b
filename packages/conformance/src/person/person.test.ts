import { describe, expect, test } from 'vitest'
import { createCookieJar } from './cookie-jar.ts'
import { asks, chooseButton, chooseForm, fillForm, leadsAside } from './form-filling.ts'
import { readForms, readText } from './html-forms.ts'
import { oneTimeCode, stepAt } from './one-time-code.ts'

const PAGE = 'https://issuer.example/sign-in/step?x=1'
const only = (html: string) => readForms(html, PAGE)[0]

describe('forms of other people’s pages', () => {
  test('are read whatever quotes they have, and fields outside belong to the form that they name', () => {
    const form = only(`<!-- <form action=/trap> --><FORM ACTION='next?a=1&amp;b=2' METHOD=POST id=f>
      <input type=hidden name=t value="a &quot;b&#39; &#x43;"><input name=off disabled value=1>
      <input type=checkbox name=keep checked><input type=checkbox name=no></FORM>
      <script>"<form><input name=fake>"</script><button form=f name=do value=go>Go <b>on</b></button>`)
    expect(form?.action).toBe('https://issuer.example/sign-in/next?a=1&b=2')
    expect(form?.method).toBe('post')
    expect(form && fillForm(form, {}, form.buttons[0])).toEqual([
      ['t', `a "b' C`],
      ['keep', 'on'],
      ['do', 'go'],
    ])
    expect(form?.buttons[0]?.text).toBe('Go on')
  })

  test('with a selection send the option that stands there, and text areas what is in them', () => {
    const form = only(
      '<form><select name=a><option value=1>x<option value=2 selected>y</select><textarea name=t>q</textarea></form>',
    )
    expect(form && fillForm(form, {}, undefined)).toEqual([
      ['a', '2'],
      ['t', 'q'],
    ])
  })

  test('are filled by autocomplete first, then by type and name; what is read-only stays', () => {
    const form = only(`<form method=post><input name=who autocomplete="username webauthn"><input name=pin type=password>
      <input name=a autocomplete=one-time-code><button>Next</button></form>`)
    expect(form && asks(form)).toEqual(['username', 'password', 'one-time-code'])
    const typed = { username: 'mary', password: 'secret', 'one-time-code': '123456' }
    expect(form && fillForm(form, typed, undefined)).toEqual([
      ['who', 'mary'],
      ['pin', 'secret'],
      ['a', '123456'],
    ])
    const second = only('<form method=post><input name=login value=mary readonly><input type=password name=p></form>')
    expect(second && asks(second)).toEqual(['password'])
    expect(second && fillForm(second, typed, undefined)[0]).toEqual(['login', 'mary'])
  })

  test('go on by the button that does not cancel, in whatever order and language', () => {
    const form = only('<form method=post><button value=no>Abbrechen</button><input type=submit name=ok value=Weiter></form>')
    expect(form && chooseButton(form, 'go-on')?.value).toBe('Weiter')
    expect(form && chooseButton(form, 'decline')?.value).toBe('no')
  })

  test('that ask for something come before buttons, and buttons before ways aside', () => {
    const forms = readForms(
      `<form method=post action=/logout><button>Sign out</button></form><form method=post action=/agree><button>Yes</button></form>
       <form method=post action=/signin><input type=password name=p></form>`,
      PAGE,
    )
    expect(chooseForm(forms)?.action).toBe('https://issuer.example/signin')
    expect(chooseForm(forms.slice(0, 2))?.action).toBe('https://issuer.example/agree')
    const [logout] = forms
    expect(logout && leadsAside(logout)).toBe(true)
  })

  test('words of a page are read without its head, scripts and tags', () => {
    expect(readText('<head><title>t</title></head><p>a&nbsp;<b>b</b><script>c</script></p>')).toBe('a b')
  })
})

describe('cookies', () => {
  const at = new URL('https://login.issuer.example/a/b')

  test('go back to their host and path until they end', () => {
    const jar = createCookieJar()
    jar.keep(at, ['one=1; Path=/a; Max-Age=60', 'two=2; Domain=issuer.example; Path=/', 'three=3; Domain=other.example'], 1000)
    expect(jar.headerFor(at, 1010)).toBe('one=1; two=2')
    expect(jar.headerFor(new URL('https://issuer.example/a'), 1010)).toBe('two=2')
    expect(jar.headerFor(new URL('https://login.issuer.example/ab'), 1010)).toBe('two=2')
    expect(jar.headerFor(at, 1061)).toBe('two=2')
  })

  test('are replaced and removed by name, host and path, and secure ones stay off plain connections', () => {
    const jar = createCookieJar()
    jar.keep(at, ['s=1; Path=/', 's=2; Path=/; Secure'], 0)
    expect(jar.headerFor(at, 0)).toBe('s=2')
    expect(jar.headerFor(new URL('http://login.issuer.example/'), 0)).toBeUndefined()
    jar.keep(at, ['s=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], 10)
    expect(jar.headerFor(at, 10)).toBeUndefined()
  })
})

test('a code of an authenticator app is the one of RFC 6238 appendix B, in six digits', () => {
  expect(oneTimeCode('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', stepAt(59))).toBe('287082')
  expect(oneTimeCode('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', stepAt(1_111_111_109))).toBe('081804')
  expect(() => oneTimeCode('not base32!', 1)).toThrow(TypeError)
})
