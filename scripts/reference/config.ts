import { type Setting, settings } from '../../packages/sts/src/config/settings.ts'
import { code, renderHead, renderMarkdownTable } from './page.ts'

/** docs/reference/config.md, from the table of settings. */
export function renderConfigReference(): string {
  const all: readonly Setting[] = Object.values(settings)
  const rows = all.map((one) => [
    code(one.key),
    [one.variable, ...(one.secret ? [`${one.variable}_FILE`] : []), ...(one.alias === undefined ? [] : [one.alias])]
      .map(code)
      .join(', '),
    one.otherwise,
    code(one.example),
    one.description,
  ])
  const words = [
    'Settings come from `postern.yaml` in the working directory, or from the file that `POSTERN_CONFIG` names, and from variables. A variable counts before the file.',
    'A variable that ends in `_FILE` names a file that holds the secret. Unknown keys and variables are refused, and all problems are reported at once.',
    'What operators change at run time (realms, clients, resources, policies) is not configuration: see [commands](commands.md).',
  ]
  return `${renderHead('Settings', words.join('\n'))}\n${renderMarkdownTable(['Key', 'Variable', 'Default', 'Example', 'What it does'], rows)}\n`
}
