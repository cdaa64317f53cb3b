import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseStrictObject } from './strict-json.ts'

test('an object that JSON.stringify wrote comes back equal and frozen inside', () => {
  const names = fc.string().filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
  const values = fc.jsonValue({ maxDepth: 3, noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)))
  fc.assert(
    fc.property(fc.dictionary(names, values, { noNullPrototype: true }), (object) => {
      const text = JSON.stringify(object)
      fc.pre(!/"(__proto__|constructor|prototype)"/.test(text))
      expect(parseStrictObject(text)).toEqual({ ok: true, value: JSON.parse(text) })
    }),
  )
})

test('it never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof parseStrictObject(text).ok === 'boolean'))
  const fragments = fc.array(
    fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1', ' ', '\\u', 'd800', 'null', '"a"'),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(fragments, (parts) => typeof parseStrictObject(parts.join('')).ok === 'boolean'),
    { numRuns: 2000 },
  )
})

test('a name that is written twice is refused at any depth, however it is spelled', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"a":1,"a":2}}',
    '{"x":[{"a":1},{"a":1,"b":2,"a":3}]}',
    '{"x":[[{"":1,"":2}]]}',
    '{"a":{},"a":{"b":1}}',
    '{"a":{"b":1},"a":2}',
    '{"1":1,"1":2}',
    '{"a" :1,"a":2}',
    '{"a"\n:1,"a":2}',
    '{"a"\t:1,"a":2}',
    '{"a"\r:1,"a":2}',
    '{ "a" : 1, "a" : 2 }',
    '{"a" :1,"a":":"}',
    '{"a":"\\":","a":1}',
  ]) {
    expect(parseStrictObject(text).ok, text).toBe(false)
  }
})

test('colons, quotes and brackets inside strings do not confuse it', () => {
  for (const text of [
    '{"a:b":"c:d"}',
    '{"a\\"b":":{[\\\\"}',
    '{"a":"}","b":"{"}',
    '{"\\\\":1,"\\"":2}',
    '{"a":["x:y",":"]}',
    '{ "a" : 1,\n"b"\t:\r2 }',
    '{"a":":"}',
    '{"a":"\\":"}',
    '{"proto":"constructors"}',
  ]) {
    expect(parseStrictObject(text), text).toMatchObject({ ok: true })
  }
})

test('eight levels pass, nine do not', () => {
  const nested = (depth: number) => `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  expect(parseStrictObject(nested(8)).ok).toBe(true)
  expect(parseStrictObject(nested(9)).ok).toBe(false)
})

test('names that reach a prototype and unpaired surrogates are refused', () => {
  for (const text of [
    '{"__proto__":1}',
    '{"\\u005f_proto__":1}',
    '{"x":{"constructor":1}}',
    '{"x":[{"prototype":1}]}',
    '{"x":"\\ud800"}',
    '{"\\udc00":1}',
    '{"x":["\\ud800\\ud800"]}',
  ]) {
    expect(parseStrictObject(text).ok, text).toBe(false)
  }
  expect(parseStrictObject('{"x":"\\ud83d\\ude00"}').ok).toBe(true)
})

test('what is not one object is refused', () => {
  for (const text of [
    '',
    ' ',
    'null',
    '[]',
    '"a"',
    '1',
    '{}{}',
    '{}x',
    '\ufeff{}',
    "{'a':1}",
    '{"a":1,}',
    '{"a":NaN}',
    '{"a":01}',
  ]) {
    expect(parseStrictObject(text).ok, text).toBe(false)
  }
})

test('what is refused is refused with its reason', () => {
  const nested = 'nested deeper than 8 levels, or a name that reaches a prototype'
  const lists = (depth: number) => `{"x":${'['.repeat(depth - 1)}1${']'.repeat(depth - 1)}}`
  const objects = (depth: number) => `${'{"x":'.repeat(depth)}1${'}'.repeat(depth)}`
  for (const [text, reason] of [
    ['{', 'not JSON'],
    ['7', 'not a JSON object'],
    ['"text"', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['[1]', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    [lists(9), nested],
    [objects(9), nested],
    ['{"constructor":1}', nested],
    ['{"prototype":1}', nested],
    ['{"__proto__":1}', nested],
    ['{"a":{"b":{"__proto__":{}}}}', nested],
    ['{"a":[{"b":[{"prototype":{}}]}]}', nested],
    ['{"a":[{"b":1},{"prototype":1},{"c":1}]}', nested],
    ['{"a":1,"a":2}', 'a repeated member name'],
    ['{"a":[{"b":1,"b":1}]}', 'a repeated member name'],
    ['{"a":"\\ud800"}', 'an unpaired surrogate'],
    ['{"a":{"\\udfff":1}}', 'an unpaired surrogate'],
    ['{"a":[[null,"\\udfff"]]}', 'an unpaired surrogate'],
    ['{"a":[{"b":"fine","c":"\\ud800"}]}', 'an unpaired surrogate'],
  ])
    expect([text, parseStrictObject(text ?? '')]).toEqual([text, { ok: false, reason }])
  for (const text of [
    lists(8),
    objects(8),
    objects(8).replace('1', 'null'),
    '{"a":[null,true,1,"x"],"b":null}',
    '{"a":"\\n","b":null,"c":["\\u00e9"]}',
    '{}',
  ])
    expect(parseStrictObject(text)).toEqual({ ok: true, value: JSON.parse(text) })
})

test('a repeated name hides behind no white space, no string and no escape', () => {
  // Each text has as many colons behind quotes as kept members, or white space before a colon, and one name twice.
  for (const text of [
    '{"a":1,"a" :2}',
    '{"a":1,"a"\n:2}',
    '{"a":1,"a"\t:2}',
    '{"a":1,"a"\r:2}',
    '{"a":1,"a"  :2,"b":"x"}',
    '{"a":"\\\\","a":1}',
    '{"a":"\\\\\\":","a":1}',
    '{"a":"b:\\"c","a":":"}',
  ])
    expect([text, parseStrictObject(text)]).toEqual([text, { ok: false, reason: 'a repeated member name' }])
  for (const text of ['{"a":"x\\\\"}', '{"a":"\\\\\\":","b" :1}', '{"a\\\\":":\\"","b":"\\":"}', '{"a":"\\":\\":\\":"}'])
    expect([text, parseStrictObject(text).ok]).toEqual([text, true])
})

test('everything inside is frozen, the object itself is left to its owner', () => {
  const parsed = parseStrictObject('{"a":{"b":[{"c":1}]},"d":[[]]}')
  const value = parsed.ok ? (parsed.value as { a: { b: readonly object[] }; d: readonly object[] }) : undefined
  const inside = [value?.a, value?.a.b, value?.a.b[0], value?.d, value?.d[0]]
  expect(inside.map((one) => Object.isFrozen(one))).toEqual([true, true, true, true, true])
  expect(Object.isFrozen(value)).toBe(false)
})
