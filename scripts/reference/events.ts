import { events } from '../../packages/sts/src/audit/events.ts'
import { code, renderHead, renderMarkdownTable } from './page.ts'

/** docs/reference/events.md, from the closed table of audit events. */
export function renderEventsReference(): string {
  const rows = Object.entries(events).map(([name, { outcome, tells, detail }]) => [
    code(name),
    outcome,
    tells,
    Object.entries(detail)
      .map(([member, kind]: [string, string]) => `${code(member)}${kind.endsWith('?') ? ' (may be missing)' : ''}`)
      .join(', '),
  ])
  const words = [
    'One row is written for each decision, before its answer leaves; where it cannot be written, nothing is issued. Every row has a time, an outcome and a reference number,',
    'equal to the one in the log and on the page, and where they are known the account, the client, the actor and the source address. There is no other way into the trail than the members below.',
  ]
  return `${renderHead('Audit events', words.join('\n'))}\n${renderMarkdownTable(['Event', 'Outcome', 'What it tells', 'Members'], rows)}\n`
}
