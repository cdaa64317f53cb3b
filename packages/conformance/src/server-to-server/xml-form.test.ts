import { expect, test } from 'vitest'
import { readXml } from './xml-form.ts'

const problemOf = (document: string): string | undefined => {
  const reading = readXml(document)
  return 'problem' in reading ? reading.problem.replace(/ at character \d+$/, '') : undefined
}

test.each([
  '<a/>',
  '<?xml version="1.0" encoding="utf-8"?>\n<a b="1" c=\'2\'>text &amp; &#x41; more<b/></a >\n<!-- over -->',
  '<p:a xmlns:p="urn:p"><p:b p:c="d" xml:lang="en"/></p:a>',
  '<a><![CDATA[<not> & read]]></a>',
  '<a><?go on?><!-- < & --></a>',
])('reads %s', (document) => {
  expect(problemOf(document)).toBeUndefined()
})

test.each([
  ['', 'no element'],
  ['text', 'text beside the root element'],
  ['<a>', 'no end of a'],
  ['<a></b>', 'an end of b that was not open'],
  ['<a><b></a></b>', 'an end of a that was not open'],
  ['<a/><b/>', 'a second root element'],
  ['<a b="1" b="2"/>', 'attribute b twice'],
  ['<a b=1/>', 'a broken tag of a'],
  ['<a b="<"/>', 'a broken tag of a'],
  ['<a b="1"c="2"/>', 'a broken tag of a'],
  ['<a>&nbsp;</a>', 'an unknown reference'],
  ['<a b="&c"/>', 'an unknown reference'],
  ['<a>1 < 2</a>', 'something that is no element'],
  ['<p:a/>', 'an undeclared prefix of p:a'],
  ['<a p:b="1"/>', 'an undeclared prefix of p:b'],
  ['<!DOCTYPE a [<!ENTITY b "c">]><a/>', 'something that is no element'],
  ['<a><!-- -- --></a>', 'something that is no element'],
  ['{"a":1}', 'text beside the root element'],
])('refuses %s', (document, problem) => {
  expect(problemOf(document)).toBe(problem)
})

test('tells what stands where', () => {
  const reading = readXml('<x:a xmlns:x="urn:x"><b c="1">one<d/>two</b></x:a>')
  expect('elements' in reading && reading.elements.map(({ path, text }) => [path.join('/'), text])).toEqual([
    ['a', ''],
    ['a/b', 'onetwo'],
    ['a/b/d', ''],
  ])
})
