import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Challenge, parseChallenges } from './challenge-parser.ts'
import { ChallengeError } from './errors.ts'

const plain = (challenges: readonly Challenge[]) =>
  challenges.map(({ scheme, token68, parameters }) => [scheme, token68 ?? Object.fromEntries(parameters)])

test.for<[value: string, read: unknown]>([
  ['Bearer', [['bearer', {}]]],
  ['Bearer ', [['bearer', {}]]],
  ['bearer realm="x"', [['bearer', { realm: 'x' }]]],
  [
    'Bearer error="invalid_token",Basic realm="mail.dummy.uk"',
    [
      ['bearer', { error: 'invalid_token' }],
      ['basic', { realm: 'mail.dummy.uk' }],
    ],
  ],
  [
    'Basic realm="a, b", Bearer a="1,2", b=c',
    [
      ['basic', { realm: 'a, b' }],
      ['bearer', { a: '1,2', b: 'c' }],
    ],
  ],
  [
    'Negotiate, NTLM, Basic realm=""',
    [
      ['negotiate', {}],
      ['ntlm', {}],
      ['basic', { realm: '' }],
    ],
  ],
  [
    'Negotiate YWJj==, Bearer a=b',
    [
      ['negotiate', 'YWJj=='],
      ['bearer', { a: 'b' }],
    ],
  ],
  [', ,Bearer ,, a = "b" ,, c=d, ,', undefined],
  [', ,Bearer a = "b" ,, c=d, ,', [['bearer', { a: 'b', c: 'd' }]]],
  ['Bearer a="q\\"u\\\\o"', [['bearer', { a: 'q"u\\o' }]]],
  [
    'Bearer authorization_uri=https://login.example/a/b?c=d, x=1',
    [['bearer', { authorization_uri: 'https://login.example/a/b?c=d', x: '1' }]],
  ],
  ['Bearer A="1", B=2', [['bearer', { a: '1', b: '2' }]]],
  ['', []],
  [' , ,, ', []],
])('reads %j', ([value, read]) => {
  if (read === undefined) expect(() => parseChallenges(value)).toThrow(ChallengeError)
  else expect(plain(parseChallenges(value))).toEqual(read)
})

test.for<[value: string, code: string]>([
  ['Bearer a="', 'challenge_malformed'],
  ['Bearer a="b', 'challenge_malformed'],
  ['Bearer a="b\\', 'challenge_malformed'],
  ['Bearer a="b" c="d"', 'challenge_malformed'],
  ['Bearer a="b"c', 'challenge_malformed'],
  ['Bearer a=', 'accepted'], // a token68, as the grammar has it
  ['Bearer a=, b=c', 'challenge_malformed'],
  ['Bearer "a"', 'challenge_malformed'],
  ['"Bearer"', 'challenge_malformed'],
  ['Bearer a="\u0000"', 'challenge_malformed'],
  ['Bearer a="\n"', 'challenge_malformed'],
  ['Bearer a="\u20ac"', 'challenge_malformed'],
  ['Bearer/x y', 'challenge_malformed'],
  ['=', 'challenge_malformed'],
  ['Bearer a=1, A=2', 'parameter_repeated'],
])('%j: %s', ([value, code]) => {
  if (code === 'accepted') expect(parseChallenges(value)).toHaveLength(1)
  else expect(() => parseChallenges(value)).toThrow(expect.objectContaining({ name: 'ChallengeError', code }))
})

test('several header lines are read in their order', () => {
  expect(plain(parseChallenges(['Bearer a=1', 'Basic realm="x", NTLM']))).toEqual([
    ['bearer', { a: '1' }],
    ['basic', { realm: 'x' }],
    ['ntlm', {}],
  ])
})

test('a value above the limit is refused unread', () => {
  expect(() => parseChallenges('a'.repeat(65_537))).toThrow(expect.objectContaining({ code: 'challenge_too_large' }))
  expect(() => parseChallenges(Array.from({ length: 10 }, () => 'a'.repeat(10_000)))).toThrow(
    expect.objectContaining({ code: 'challenge_too_large' }),
  )
})

test('it throws nothing but ChallengeError, whatever it is given', () => {
  const fragments = fc.array(
    fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'a', 'realm', '==', '\t', '/', '\u0000', 'é', '"x"', ', '),
    { maxLength: 25 },
  )
  const wild = fc.oneof(
    fc.string({ unit: 'binary' }),
    fragments.map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(wild, (value) => {
      try {
        return Array.isArray(parseChallenges(value))
      } catch (error) {
        return error instanceof ChallengeError
      }
    }),
    { numRuns: 3000 },
  )
})

test.for<[value: string, code: string, offset: number]>([
  ['Bearer a="b" c="d"', 'challenge_malformed', 13],
  ['Bearer a="b', 'challenge_malformed', 11],
  ['Bearer a="b\\', 'challenge_malformed', 11],
  ['Bearer a="\\\u0001"', 'challenge_malformed', 10],
  ['Bearer a="\\\u20ac"', 'challenge_malformed', 10],
  ['Bearer a="\\\u00e9\u20ac"', 'challenge_malformed', 12],
  ['Bearer a=, b=c', 'challenge_malformed', 12],
  ['Bearer a =, b=c', 'challenge_malformed', 10],
  ['Bearer a=b, c=, d=e', 'challenge_malformed', 14],
  ['Bearer/x y', 'challenge_malformed', 6],
  ['Bearer/x', 'challenge_malformed', 6],
  ['Bearer "a"', 'challenge_malformed', 7],
  ['Bearer a b', 'challenge_malformed', 7],
  ['  "', 'challenge_malformed', 2],
  ['Bearer a=1, b=2, A=3', 'parameter_repeated', 17],
  ['Bearer a=1\u20ac', 'challenge_malformed', 10],
  ['Bearer a=1\\', 'challenge_malformed', 10],
])('%j stops: %s at %i', ([value, code, offset]) => {
  let stopped: unknown
  try {
    parseChallenges(value)
  } catch (error) {
    stopped = error
  }
  expect(stopped).toEqual(new ChallengeError(code as ChallengeError['code'], offset))
  expect(stopped).toMatchObject({ code, offset })
})

test('white space, escapes and all visible characters are read as the grammar has them', () => {
  for (const [value, read] of [
    ['\tBearer\ta\t=\t"b"\t,\tc\t=\td\t', [['bearer', { a: 'b', c: 'd' }]]],
    ['Bearer a="\\\t\\ \\~\\\u0080\\\u00ff"', [['bearer', { a: '\t ~\u0080\u00ff' }]]],
    ['Bearer a="\t !#[]~\u0080\u00ff"', [['bearer', { a: '\t !#[]~\u0080\u00ff' }]]],
    ["Bearer a=!#$%&'()*+-./:;<=>?@[]^_`{|}~", [['bearer', { a: "!#$%&'()*+-./:;<=>?@[]^_`{|}~" }]]],
    ["!#$%&'*+.^_`|~09AZaz-", [["!#$%&'*+.^_`|~09azaz-", {}]]],
    [
      'Negotiate AZaz09._~+/-= , NTLM',
      [
        ['negotiate', 'AZaz09._~+/-='],
        ['ntlm', {}],
      ],
    ],
    ['Negotiate abc  ', [['negotiate', 'abc']]],
    ['Negotiate abc,', [['negotiate', 'abc']]],
    [
      'Negotiate ,Basic a=b',
      [
        ['negotiate', {}],
        ['basic', { a: 'b' }],
      ],
    ],
    [
      'Basic a=b , , NTLM',
      [
        ['basic', { a: 'b' }],
        ['ntlm', {}],
      ],
    ],
    [
      'Basic a=b, NTLM abc, X',
      [
        ['basic', { a: 'b' }],
        ['ntlm', 'abc'],
        ['x', {}],
      ],
    ],
  ] as const)
    expect([value, plain(parseChallenges(value))]).toEqual([value, read])
})

test('what comes out is frozen, and the limit is of all lines together, to the character', () => {
  const read = parseChallenges('Bearer a=b, NTLM abc=, X')
  expect([read, ...read].map((one) => Object.isFrozen(one))).toEqual([true, true, true, true])
  expect(read[0] !== undefined && 'token68' in read[0]).toBe(false)
  expect(parseChallenges(['abc', 'de'], { longest: 5 })).toHaveLength(2)
  expect(() => parseChallenges(['abc', 'def'], { longest: 5 })).toThrow(new ChallengeError('challenge_too_large', 5))
  expect(parseChallenges('a'.repeat(65_536))).toHaveLength(1)
  expect(() => parseChallenges('a'.repeat(65_537))).toThrow(new ChallengeError('challenge_too_large', 65_536))
})
