/** Pages of whoever is tested may be anything: reading them ends, in a time that grows as they do. */
import { expect, test } from 'vitest'
import { readForms, readText } from './html-forms.ts'
import { tagsOf } from './html-tags.ts'

const PAGE = 'https://login.example/'
const MEBIBYTE = 1024 * 1024
const filled = (part: string, size = MEBIBYTE, head = '') => (head + part.repeat(Math.ceil(size / part.length))).slice(0, size)

test.each([
  ['a name before a stray quote', `<p ${'a'.repeat(45)}"`],
  ['the same in the middle of a page', `<p ${'a'.repeat(4000)}"><form><input name=a></form>`],
  ['one long name', filled('a', MEBIBYTE, '<p ')],
  ['one long run of blanks', filled(' ', MEBIBYTE, '<p a')],
  ['blanks and names', filled('a ', MEBIBYTE, '<p ')],
  ['quotes that nobody closes', filled('a="', MEBIBYTE, '<p ')],
  ['comments that nobody closes', filled('<!--')],
  ['scripts that nobody closes', filled('<script ')],
  ['scripts without an end tag', filled('<script>')],
  ['declarations that nobody closes', filled('<!a')],
  ['end tags that nobody closes', filled('</p ')],
  ['references that nobody ends', filled('&#1', MEBIBYTE)],
])('reading ends of %s', (_, html) => {
  expect(readForms(html, PAGE).length).toBeLessThanOrEqual(1)
  expect(readText(html).length).toBeLessThanOrEqual(html.length)
})

test.each([
  ['fields', filled('<input >')],
  ['buttons that nobody closes', filled('<form><button>', 200_000, '<form id=f>')],
  ['forms', filled('<form >')],
  ['letters', `${filled('a')}a`],
])('a page of too many %s is no page for people', (_, html) => {
  expect(() => readForms(html, PAGE)).toThrow(expect.objectContaining({ code: 'answer_too_large' }))
})

test('words of buttons are bounded, and many of them share one end tag without being read anew', () => {
  const [form] = readForms(`<form>${'<button>'.repeat(10_000)}${'w'.repeat(500_000)}</button></form>`, PAGE)
  expect(form?.buttons).toHaveLength(10_000)
  expect(form?.buttons.at(-1)?.text).toHaveLength(1000)
})

test('tags are read as browsers read them', () => {
  const html = `<!doctype html><!-- <p> --><A HREF=x/y b = 'c>d' b=e f/>1 < 2<br/></a ><textarea><p>&amp;</TEXTAREA><script>"<p>"</script><p "q`
  expect(
    [...tagsOf(html)].map(({ name, isEnd, attributes, content }) => [name, isEnd, Object.fromEntries(attributes), content]),
  ).toEqual([
    ['', false, {}, ''],
    ['', false, {}, ''],
    ['a', false, { href: 'x/y', b: 'c>d', f: '' }, ''],
    ['br', false, {}, ''],
    ['a', true, {}, ''],
    ['textarea', false, {}, '<p>&amp;'],
    ['textarea', true, {}, ''],
    ['script', false, {}, '"<p>"'],
    ['script', true, {}, ''],
    ['', false, {}, ''],
  ])
})

test('what stands in a text area, a script or a template is no field', () => {
  const html = `<form><textarea name=t><input name=x>&lt;</textarea><script>'<input name=y>'</script><template><input name=z></template><input name=a></form>`
  expect(readForms(html, PAGE)[0]?.fields.map(({ name, value }) => [name, value])).toEqual([
    ['t', '<input name=x><'],
    ['a', ''],
  ])
})
