import { describe, expect, test } from 'vitest'
import { parseForms, textOf } from './html-forms.ts'

describe('forms of a page', () => {
  test('are read with action, method and fields in their order', () => {
    const [form] = parseForms(`
      <!-- <form action="/not-this-one"> -->
      <form METHOD="POST" action="/signin/1?a=1&amp;b=2">
        <input type=hidden name=csrf value='x&quot;y'>
        <input name="name" readonly>
        <input type="checkbox" name="keep" value="1" checked>
        <input name="off" disabled>
        <button>Go on</button><button name="cancel" value="1" type="submit">Cancel</button>
      </form>`)
    expect(form).toMatchObject({ action: '/signin/1?a=1&b=2', method: 'post' })
    expect(form?.fields.map(({ name, type, value }) => [name, type, value])).toEqual([
      ['csrf', 'hidden', 'x"y'],
      ['name', 'text', ''],
      ['keep', 'checkbox', '1'],
      ['', 'submit', ''],
      ['cancel', 'submit', '1'],
    ])
  })

  test('say which fields a person cannot change', () => {
    const [form] = parseForms('<form><input name=a readonly><input name=b></form>')
    expect(form?.fields.map((field) => field.readonly)).toEqual([true, false])
  })

  test('are kept apart, and an unclosed one is read too', () => {
    const forms = parseForms('<form><input name=a></form><input name=outside><form><input name=b>')
    expect(forms.map(({ fields }) => fields.map(({ name }) => name))).toEqual([['a'], ['b']])
  })

  test('may hold > in attribute values', () => {
    expect(parseForms('<form><input name=a value="1>2"></form>')[0]?.fields[0]?.value).toBe('1>2')
  })

  test('survive rubbish', () => {
    for (const html of [
      '',
      '<',
      '<form',
      '<form><input',
      '<<<>>>',
      '<form action="',
      `<form>${'<input name='.repeat(100_000)}`,
    ]) {
      expect(Array.isArray(parseForms(html))).toBe(true)
    }
  })
})

test('textOf shows what a person reads', () => {
  expect(textOf('<html><head><title>no</title></head><style>p{}</style><h1>Wrong&nbsp;code</h1><p>2 &lt; 3</p>')).toBe(
    'Wrong code 2 < 3',
  )
})
