/** Pure: what operations give, as text for a terminal. Whatever came from a request loses its control characters here. */

type Rows = readonly Readonly<Record<string, unknown>>[]

export function renderOutput(output: unknown, options: { columns?: readonly string[] | undefined } = {}): string {
  if (Array.isArray(output)) return renderTable(output as Rows, options.columns) // operations give lists of records
  if (typeof output === 'object' && output !== null) return renderRecord(output)
  return clean(String(output))
}

/** Columns as wide as their widest cell, so that it reads well and `awk` can take it apart. */
export function renderTable(rows: Rows, columns?: readonly string[]): string {
  if (rows.length === 0) return 'none'
  const names = columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const lines = [names.map(toTitle), ...rows.map((row) => names.map((name) => renderCell(row[name])))]
  const widths = names.map((_, index) => Math.max(...lines.map((cells) => widthOf(cells[index] ?? ''))))
  return lines
    .map((cells) =>
      cells
        .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function renderRecord(record: object): string {
  const entries = flatten(record)
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}

function flatten(record: object, before = ''): readonly (readonly [string, string])[] {
  return Object.entries(record).flatMap(([name, value]) => {
    const path = `${before}${name}`
    if (isRecord(value)) return flatten(value, `${path}.`)
    if (Array.isArray(value) && value.some(isRecord)) {
      return value.flatMap((one, index) =>
        isRecord(one) ? flatten(one, `${path}[${index}].`) : [[`${path}[${index}]`, renderCell(one)] as const],
      )
    }
    return [[path, renderCell(value)] as const]
  })
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

function renderCell(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(renderCell).join(', ')
  if (isRecord(value))
    return Object.entries(value)
      .map(([name, inner]) => `${name}=${renderCell(inner)}`)
      .join(' ')
  return clean(String(value))
}

const clean = (text: string): string => text.replace(/\p{C}/gu, '\u{fffd}')

const widthOf = (text: string): number => [...text].length

const toTitle = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()
