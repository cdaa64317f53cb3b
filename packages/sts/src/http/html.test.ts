import { describe, expect, test } from 'vitest'
import { fill, html, phrase } from './html.ts'

describe('html', () => {
  test('escapes text in content and in quoted attributes', () => {
    const nasty = `"><script>alert('x')</script>&`
    expect(String(html`<a title="${nasty}">${nasty}</a>`)).not.toMatch(/<script|"><|'x'/)
  })

  test('leaves markup as it is, in lists too, and nothing for false and undefined', () => {
    expect(String(html`${[html`<b>1</b>`, html`<b>2</b>`]}${false}${undefined}`)).toBe('<b>1</b><b>2</b>')
  })
})

describe('phrase', () => {
  test('puts markup into a text and escapes the text around it', () => {
    expect(String(phrase('a < {app}', { app: html`<b>${'<x>'}</b>` }))).toBe('a &lt; <b>&lt;x&gt;</b>')
  })

  test('throws when a value is missing', () => {
    expect(() => phrase('to {app}', {})).toThrow(TypeError)
    expect(() => fill('to {app}', {})).toThrow(TypeError)
  })

  test('fills a value that looks like a placeholder or a pattern as it is', () => {
    expect(fill('{a} {b}', { a: '{b}', b: '$&' })).toBe('{b} $&')
  })
})
