/** The habits of the house that no linter knows: sizes, names, signs on doors. */
import { beforeAll, describe, expect, test } from 'vitest'
import { findSources, type Source } from './sources.ts'

const MOST_LINES = 400
const REFUSED_NAMES =
  /(^|[-/.])(utils?|helpers?|types|constants|managers?|services?|impl)([-/.]|$)|(^|\/)(common|shared|lib|misc)(\/|$)|(^|\/)base-/
/** Written by a program, never by hand. */
const GENERATED = /^packages\/storage\/src\/schema\.ts$|\.generated\.ts$/

/** Rooms whose main file has a better name than the room's. */
const DOORS: Readonly<Record<string, string>> = { admin: 'operation', config: 'parse', http: 'route', realms: 'realm-registry' }

let sources: readonly Source[] = []
beforeAll(async () => {
  sources = await findSources(['packages', 'examples', 'test', 'bench', 'scripts'], ['.ts', '.mjs', '.sql'])
})

const lines = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

/** The opening comment of a file, or undefined; a shebang may stand before it. */
function signOn(text: string): string | undefined {
  return /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1]
}

/** Lines that say something; tags are not counted. */
const linesOfSign = (text: string): number =>
  (signOn(text) ?? '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('@')).length

/** Tells why `path` is badly named, or undefined. */
function problemOfName(path: string): string | undefined {
  const inside = path.replace(/^packages\/[^/]+\//, '').replace(/(\.test|\.fuzz|\.generated)?\.(ts|mjs|sql)$/, '')
  if (REFUSED_NAMES.test(inside)) return 'says nothing about what is inside'
  if (!inside.split('/').every((part) => /^[a-z0-9_]+(-[a-z0-9]+)*$/.test(part))) return 'is not kebab-case'
  return undefined
}

describe('the checks themselves', () => {
  test('a refused name is found wherever it stands', () => {
    for (const bad of ['utils.ts', 'http/url-helpers.ts', 'shared/x.ts', 'account-service.ts', 'types.ts', 'readFile.ts']) {
      expect(problemOfName(`packages/sts/src/${bad}`), bad).toBeDefined()
    }
    for (const good of ['http/route.ts', 'signin/steps.ts', 'realms/library-card.ts', 'based-on.test.ts']) {
      expect(problemOfName(`packages/sts/src/${good}`), good).toBeUndefined()
    }
  })

  test('a sign is a docblock at the very top', () => {
    expect(signOn('/**\n * owns this\n */\nexport {}')).toContain('owns this')
    expect(signOn("import 'x'\n/** late */")).toBeUndefined()
  })
})

describe('the sources', () => {
  test('were found', () => {
    expect(sources.length).toBeGreaterThan(100)
  })

  test(`have at most ${MOST_LINES} lines each`, () => {
    const long = sources.filter((one) => !GENERATED.test(one.path) && lines(one.text) > MOST_LINES)
    expect(long.map((one) => `${one.path}: ${lines(one.text)} lines`)).toEqual([])
  })

  test('have names that say what is inside', () => {
    const named = sources.filter((one) => one.path.startsWith('packages/') && one.path.includes('/src/'))
    const bad = named.map((one) => [one.path, problemOfName(one.path)]).filter(([, problem]) => problem !== undefined)
    expect(bad).toEqual([])
  })

  test('say at the door of each room what it owns, in two to eight lines', () => {
    const rooms = new Set(
      sources.map((one) => /^packages\/sts\/src\/([^/]+)\//.exec(one.path)?.[1]).filter((room) => room !== undefined),
    )
    expect(rooms.size).toBeGreaterThan(8)
    const signless = [...rooms].filter((room) => {
      const doors = [`${room}/${DOORS[room] ?? room}.ts`, `${room}.ts`].map((path) => `packages/sts/src/${path}`)
      const door = sources.find((one) => doors.includes(one.path))
      const count = linesOfSign(door?.text ?? '')
      return count < 2 || count > 8
    })
    expect(signless).toEqual([])
  })

  test('say at the front door of each package what it is', () => {
    const doors = sources.filter((one) => /^packages\/[^/]+\/src\/(index|compose)\.ts$/.test(one.path))
    expect(doors.length).toBeGreaterThan(4)
    expect(doors.filter((one) => linesOfSign(one.text) < 1).map((one) => one.path)).toEqual([])
  })

  test('hide no test: nothing is skipped, focused or left to do, but for what an operating system lacks', () => {
    const hidden = sources.filter(
      (one) =>
        one.path.endsWith('.test.ts') &&
        /\b(test|it|describe)\.(skip|only|todo|fails|(skipIf|runIf)(?!\(process\.platform ))\b/.test(one.text),
    )
    expect(hidden.map((one) => one.path).filter((path) => path !== 'test/architecture/house-style.test.ts')).toEqual([])
  })

  test('silence no compiler and no linter without a reason', () => {
    const silenced = sources.flatMap((one) =>
      one.text
        .split('\n')
        .map((line, index) => ({ line, place: `${one.path}:${index + 1}` }))
        .filter(({ line }) => /@ts-(ignore|nocheck)|@ts-expect-error\s*$|biome-ignore(?!.*:\s*\S)/.test(line))
        .map(({ place }) => place),
    )
    expect(silenced.filter((place) => !place.startsWith('test/architecture/house-style.test.ts'))).toEqual([])
  })
})
