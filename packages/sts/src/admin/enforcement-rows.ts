/**
 * Reads the CSV of `mfa import` (RFC 4180, UTF-8 with or without a BOM) and writes that of its results. Pure.
 *
 * It is read line by line, since none of the columns can hold a line break: whatever is wrong with a line, a quote that is
 * never closed included, is wrong with that line alone.
 */
import { parsePhoneNumber, prefixAllowed } from '@postern/mfa'
import type { EnforcementState } from '@postern/storage'
import { CsvError, parse } from 'csv-parse/sync'
import { OperationRefused } from './errors.ts'
import type { PhoneChannel } from './phone-proposal.ts'

export interface EnforcementRow {
  /** Of the file, from 1; the header is line 1. */
  readonly line: number
  readonly upn: string
  readonly state: EnforcementState
  readonly phone?: { readonly number: string; readonly channel: PhoneChannel }
}

export interface RowResult {
  readonly line: number
  readonly upn: string
  readonly result: 'done' | 'refused'
  readonly reason?: string | undefined
}

const columns = ['upn', 'state', 'phone', 'method'] as const
const states = ['disabled', 'enabled', 'enforced'] as const
const channels = ['sms', 'voice'] as const
const mostRows = 200_000

const isOneOf = <T extends string>(choices: readonly T[], value: string): value is T =>
  (choices as readonly string[]).includes(value)

/**
 * Every line that is not empty becomes a row, or a result that says what is wrong with it.
 * `smsPrefixes`: what the realm lets numbers begin with; absent: anything.
 * @throws {OperationRefused} `invalid`: the header is not one that is known, or there are more than 200 000 lines.
 */
export function parseEnforcementRows(
  text: string,
  { smsPrefixes }: { smsPrefixes?: readonly string[] } = {},
): { rows: readonly EnforcementRow[]; refused: readonly RowResult[] } {
  const [header = '', ...lines] = text.replace(/^\u{feff}/u, '').split(/\r\n|\n|\r/)
  const width = requireHeader(header)
  if (lines.length > mostRows)
    throw new OperationRefused('invalid', `The file has more than ${mostRows} lines. Import it in parts (file)`)
  const rows: EnforcementRow[] = []
  const refused: RowResult[] = []
  const seen = new Map<string, number>()
  for (const [index, text] of lines.entries()) {
    if (text.trim() === '') continue
    const line = index + 2
    const row = parseRow(text, { line, width, smsPrefixes })
    if ('result' in row) {
      refused.push(row)
      continue
    }
    const earlier = seen.get(row.upn.toLowerCase())
    if (earlier === undefined) {
      seen.set(row.upn.toLowerCase(), line)
      rows.push(row)
    } else refused.push({ line, upn: row.upn, result: 'refused', reason: `line ${earlier} names this account already` })
  }
  return Object.freeze({ rows: Object.freeze(rows), refused: Object.freeze(refused) })
}

/** How many of the columns there are. Strict, because a column that is silently not read is a setting that is silently not made. */
function requireHeader(line: string): number {
  const names = (cellsOf(line) ?? []).map((name) => name.toLowerCase())
  if (names.length >= 2 && names.length <= columns.length && names.every((name, index) => name === columns[index]))
    return names.length
  const hint = line.includes(';') ? ' Separate them with commas.' : ''
  throw new OperationRefused(
    'invalid',
    `The first line must be upn,state or upn,state,phone or upn,state,phone,method.${hint} It is: ${line.slice(0, 100) || 'empty'}`,
  )
}

function cellsOf(line: string): readonly string[] | undefined {
  try {
    const records: unknown = parse(line, { trim: true, relax_column_count: true })
    if (!Array.isArray(records) || records.length !== 1 || !Array.isArray(records[0])) return undefined
    return records[0].map(String)
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}

function parseRow(
  text: string,
  { line, width, smsPrefixes }: { line: number; width: number; smsPrefixes: readonly string[] | undefined },
): EnforcementRow | RowResult {
  const cells = cellsOf(text)
  const refuse = (reason: string): RowResult => ({ line, upn: (cells?.[0] ?? '').slice(0, 254), result: 'refused', reason })
  if (cells === undefined) return refuse('is not CSV; a quote may be missing')
  if (cells.length !== width)
    return refuse(`has ${cells.length} column${cells.length === 1 ? '' : 's'}, and the header has ${width}`)
  const [upn = '', state = '', phone = '', method = ''] = cells
  if (upn === '' || upn.length > 254) return refuse('upn: must be given')
  if (!isOneOf(states, state)) return refuse(`state: must be one of ${states.join(', ')}`)
  const channel = method === '' ? 'sms' : method
  if (!isOneOf(channels, channel)) return refuse(`method: must be one of ${channels.join(', ')}`)
  if (phone === '') {
    return method === '' ? { line, upn, state } : refuse('method: says how a phone is reached, and there is no phone')
  }
  const number = parsePhoneNumber(phone)
  if (number === undefined) return refuse('phone: must be an ordinary number in international form, for example +4915112345678')
  if (!prefixAllowed(number, smsPrefixes)) return refuse('phone: this realm sends no codes to numbers that begin so')
  return { line, upn, state, phone: { number, channel } }
}

/** RFC 4180, in the order of the lines. What a spreadsheet would take for a formula is kept from being one. */
export function renderResults(results: readonly RowResult[]): string {
  const lines = results.map(({ line, upn, result, reason = '' }) => [String(line), upn, result, reason].map(toCell).join(','))
  return ['line,upn,result,reason', ...lines].join('\n')
}

function toCell(value: string): string {
  const clean = value.replace(/\p{C}/gu, '\u{fffd}').replace(/^(?=[=+@-])/, "'")
  return /[",]/.test(clean) ? `"${clean.replaceAll('"', '""')}"` : clean
}
