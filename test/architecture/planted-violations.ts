/**
 * One violation of every import rule, as files of a small house that a test builds in a temporary folder, and beside
 * each a near miss that must stay allowed. It owns the plants; import-rules.test.ts runs the cruiser over them.
 */
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Plant {
  /** The file that breaks the rule. */
  readonly file: string
  readonly source: string
  /** The rules that must fire for this file, and no others may. A cycle is told once, for its first file. */
  readonly breaks: readonly string[]
}

const plant = (file: string, source: string, ...breaks: string[]): Plant => ({ file, source, breaks })
const STORAGE_VALUE = "import { stored } from '@postern/storage'\nexport const used = stored\n"
const STORAGE_TYPE = "import type { Stored } from '@postern/storage'\nexport const used: Stored = 1\n"
const from = (specifier: string) => `import { value } from '${specifier}'\nexport const used = value\n`

export const plants: readonly Plant[] = [
  // Everywhere
  plant('packages/mfa/src/cycle-a.ts', from('./cycle-b.ts'), 'no-cycle'),
  plant('packages/mfa/src/cycle-b.ts', "import { used } from './cycle-a.ts'\nexport const value = () => used\n"),
  plant('packages/mfa/src/nowhere.ts', from('./not-there.ts'), 'everything-resolves'),
  plant('packages/mfa/src/undeclared.ts', from('undeclared'), 'dependencies-are-declared'),
  plant('packages/mfa/src/ships-a-test-tool.ts', from('vitest'), 'shipped-code-needs-no-test-tools'),
  plant('packages/mfa/src/uses-a-test-tool.test.ts', from('vitest')),
  plant('packages/mfa/src/leans-on-a-test.ts', from('./subject.test.ts'), 'tests-are-imported-by-nobody'),
  plant(
    'packages/mfa/src/deep.ts',
    "import type { Stored } from '../../storage/src/deep.ts'\nexport const used: Stored = 1\n",
    'through-the-front-door',
  ),
  plant('test/acceptance/deep.test.ts', from('../../packages/sts/src/app.ts'), 'tests-and-bench-use-front-doors'),
  plant(
    'test/acceptance/front.test.ts',
    `${from('@postern/sts/testing')}export { value as other } from '@postern/storage/contract'\n`,
  ),
  plant('bench/src/deep.ts', from('../../packages/mfa/src/deep-inside.ts'), 'tests-and-bench-use-front-doors'),
  plant('packages/mfa/src/leans-on-stories.ts', from('../../../test/story.ts'), 'houses-do-not-lean-on-their-tests'),

  // Between packages
  plant('packages/storage/src/looks-up.ts', from('@postern/mfa'), 'storage-stands-alone'),
  plant('packages/mfa/src/looks-up.ts', from('@postern/resource-server'), 'mfa-knows-only-storage'),
  plant('packages/mfa/src/builds-storage.ts', STORAGE_VALUE, 'mfa-takes-storage-as-types'),
  plant('packages/mfa/src/names-storage.ts', STORAGE_TYPE),
  plant('packages/mfa/src/opens-storage.test.ts', STORAGE_VALUE),
  plant('packages/sts/src/accounts/builds-storage.ts', STORAGE_VALUE, 'sts-takes-storage-values-in-compose'),
  plant('packages/sts/src/accounts/names-storage.ts', STORAGE_TYPE),
  plant('packages/sts/src/compose.ts', `${STORAGE_VALUE}export { value } from '@postern/mfa'\n`),
  plant('packages/sts/src/signin/examiner.ts', from('@postern/conformance'), 'sts-does-not-know-its-examiner'),
  plant(
    'packages/resource-server/src/knows-mfa.ts',
    "import type { M } from '@postern/mfa'\nexport const used: M = 1\n",
    'resource-server-stands-alone',
  ),
  plant(
    'packages/resource-server/src/leans-on-the-kit.ts',
    "import type { M } from '@postern/conformance/hostile-tokens'\nexport const used: M = 1\n",
    'resource-server-stands-alone',
  ),
  plant(
    'packages/resource-server/src/takes-the-whole-kit.test.ts',
    from('@postern/conformance'),
    'resource-server-is-tried-by-the-list',
  ),
  plant('packages/resource-server/src/takes-the-list.test.ts', from('@postern/conformance/hostile-tokens')),
  plant('packages/resource-server/src/testing/takes-the-list.ts', from('@postern/conformance/hostile-tokens')),
  plant('packages/resource-server/src/greedy.ts', from('koa'), 'resource-server-needs-jose-only'),
  plant(
    'packages/resource-server/src/koa.ts',
    "import type { K } from 'koa'\nimport { value } from 'jose'\nimport 'node:crypto'\nexport const used: K = value\n",
  ),
  plant(
    'packages/conformance/src/insider.ts',
    "import type { M } from '@postern/mfa'\nexport const used: M = 1\n",
    'conformance-stands-outside',
  ),
  plant('packages/conformance/src/greedy.ts', from('koa'), 'conformance-needs-jose-and-commander'),
  plant(
    'packages/conformance/src/modest.ts',
    "import { value } from 'jose'\nimport { value as two } from 'commander'\nexport const used = value + two\n",
  ),
  plant(
    'examples/contoso/src/insider.ts',
    "import type { M } from '@postern/mfa'\nexport const used: M = 1\n",
    'examples-use-only-the-library',
  ),
  plant('examples/contoso/src/customer.ts', from('@postern/resource-server')),

  // Inside sts
  plant('packages/sts/src/policy/curious.ts', "import 'node:fs'\nexport {}\n", 'policy-imports-nothing'),
  plant('packages/sts/src/policy/even-types.ts', STORAGE_TYPE, 'policy-imports-nothing'),
  plant('packages/sts/src/http/domain.ts', STORAGE_TYPE, 'http-kit-has-no-domain'),
  plant('packages/sts/src/http/kit.ts', from('koa')),
  plant('packages/sts/src/accounts/reads-config.ts', from('../config/config.ts'), 'config-stops-at-compose'),
  plant('packages/sts/src/config/looks-up.ts', from('../audit/audit.ts'), 'config-looks-at-no-room'),
  plant('packages/sts/src/audit/looks-up.ts', from('../protocol/protocol.ts'), 'middle-rooms-look-down'),
  plant('packages/sts/src/accounts/sideways.ts', from('../audit/audit.ts'), 'middle-rooms-do-not-reach-sideways'),
  plant('packages/sts/src/accounts/sideways-type.ts', "import type { T } from '../audit/audit.ts'\nexport const used: T = 1\n"),
  plant('packages/sts/src/protocol/looks-up.ts', from('../signin/signin.ts'), 'protocol-looks-down'),
  plant('packages/sts/src/protocol/looks-down.ts', from('../audit/audit.ts')),
  plant('packages/sts/src/signin/looks-up.ts', from('../app.ts'), 'features-look-down'),
  plant(
    'packages/sts/src/signin/sideways.ts',
    "import type { T } from '../device/device.ts'\nexport const used: T = 1\n",
    'features-never-import-each-other',
  ),
  plant('packages/sts/src/signin/inside.ts', from('./signin.ts')),
  plant(
    'packages/sts/src/app.ts',
    "import type { T } from './main.ts'\nexport const used: T = 1\nexport const value = 1\n",
    'compose-and-app-look-down',
  ),
  plant('packages/sts/src/clock.ts', from('./audit/audit.ts'), 'ground-files-look-at-no-room'),

  // One door
  plant('packages/sts/src/realms/engine.ts', from('oidc-provider'), 'oidc-provider-lives-in-protocol'),
  plant('packages/sts/src/protocol/provider.ts', from('oidc-provider')),
  plant(
    'packages/sts/src/protocol/sneaks.ts',
    from('oidc-provider/lib/shared/inner.js'),
    'provider-internals-is-the-only-deep-import',
  ),
  plant('packages/sts/src/protocol/provider-internals.ts', from('oidc-provider/lib/shared/inner.js')),
  plant(
    'packages/sts/src/accounts/sql.ts',
    "import type { K } from 'kysely'\nexport const used: K = 1\n",
    'sql-lives-in-storage',
  ),
  plant('packages/storage/src/accounts.ts', from('pg'), 'connect-tells-the-databases-apart'),
  plant('packages/storage/src/connect.ts', from('pg')),
]

const FOREIGN = ['jose', 'koa', 'commander', 'kysely', 'pg', 'oidc-provider', 'vitest', 'undeclared']
const OURS = ['storage', 'mfa', 'sts', 'resource-server', 'conformance']
const INSIDE =
  'export const value = 1\nexport const stored = 1\nexport type Stored = number\nexport type T = number\nexport type M = number\n'
/** What the plants import. Every file is innocent. */
const innocent = [
  ...OURS.map((name) => `packages/${name}/src/index.ts`),
  'packages/storage/src/contract/contract.ts',
  'packages/storage/src/deep.ts',
  'packages/conformance/src/hostile-tokens/hostile-tokens.ts',
  'packages/mfa/src/deep-inside.ts',
  'packages/mfa/src/subject.test.ts',
  'packages/sts/src/testing.ts',
  'packages/sts/src/main.ts',
  'packages/sts/src/config/config.ts',
  'packages/sts/src/audit/audit.ts',
  'packages/sts/src/protocol/protocol.ts',
  'packages/sts/src/signin/signin.ts',
  'packages/sts/src/device/device.ts',
  'test/story.ts',
]

/** Builds the planted house in a new temporary folder, with stand-ins for the foreign packages, and names the folder. */
export async function buildPlantedHouse(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'postern-planted-'))
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  const json = (file: string, value: unknown) => write(file, JSON.stringify(value))
  for (const name of FOREIGN) {
    // Where the real ones lie: a rule that overlooks dist/ overlooks most packages.
    const folder = name === 'oidc-provider' ? 'lib' : 'dist'
    await json(`node_modules/${name}/package.json`, { name, version: '1.0.0', type: 'module', main: `${folder}/index.js` })
    await write(`node_modules/${name}/${folder}/index.js`, 'export const value = 1\n')
    await write(`node_modules/${name}/${folder}/shared/inner.js`, 'export const value = 1\n')
  }
  const declared = Object.fromEntries(
    FOREIGN.filter((name) => name !== 'undeclared' && name !== 'vitest').map((name) => [name, '1.0.0']),
  )
  const members = [...OURS.map((name) => ({ name, folder: `packages/${name}` })), { name: 'contoso', folder: 'examples/contoso' }]
  for (const { name, folder } of members) {
    await json(`${folder}/package.json`, {
      name: `@postern/${name}`,
      version: '1.0.0',
      type: 'module',
      exports: {
        '.': './src/index.ts',
        './contract': './src/contract/contract.ts',
        './testing': './src/testing.ts',
        './hostile-tokens': './src/hostile-tokens/hostile-tokens.ts',
      },
      dependencies: { ...declared, ...Object.fromEntries(OURS.map((one) => [`@postern/${one}`, 'workspace:*'])) },
      devDependencies: { vitest: '1.0.0' },
    })
  }
  for (const file of innocent) await write(file, INSIDE)
  for (const { file, source } of plants) await write(file, source)
  await linkMembers(root)
  await json('package.json', { name: 'planted', version: '1.0.0', type: 'module' })
  await json('tsconfig.json', {})
  return root
}

/** As pnpm does: `@postern/x` is a symbolic link to the package's folder. */
async function linkMembers(root: string): Promise<void> {
  await mkdir(join(root, 'node_modules/@postern'), { recursive: true })
  for (const name of OURS) await symlink(join(root, 'packages', name), join(root, 'node_modules/@postern', name), 'dir')
}
