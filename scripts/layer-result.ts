/**
 * Judges what vitest says about one layer of tests. Pure: scripts/verify.ts runs the layers and prints.
 *
 * A layer that ran nothing has proved nothing, so it fails; so does a skipped test, because nothing is skipped silently.
 */

export interface LayerResult {
  readonly name: string
  readonly passed: number
  readonly failed: number
  /** Why the layer fails, one sentence each. Empty when it passes. */
  readonly problems: readonly string[]
  /** Every failed test: its file from the project's root, its name, and the first line of why. For whoever sees only the end. */
  readonly failures: readonly string[]
}

const count = (report: object, key: string): number => {
  const value: unknown = Reflect.get(report, key)
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0
}

const textOf = (holder: object, key: string): string => {
  const value: unknown = Reflect.get(holder, key)
  return typeof value === 'string' ? value : ''
}

const objectsOf = (holder: object, key: string): readonly object[] => {
  const value: unknown = Reflect.get(holder, key)
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : []
}

const firstLineOf = (text: string): string => text.split('\n', 1)[0] ?? ''

/** Files without a test that failed did not load; those have a message of their own. */
function failuresOf(report: object, root: string): readonly string[] {
  return objectsOf(report, 'testResults').flatMap((file) => {
    const name = textOf(file, 'name').replace(`${root}/`, '')
    const failed = objectsOf(file, 'assertionResults').filter((test) => textOf(test, 'status') === 'failed')
    if (failed.length === 0) return textOf(file, 'message') === '' ? [] : [`${name}: ${firstLineOf(textOf(file, 'message'))}`]
    return failed.map((test) => {
      const messages: unknown = Reflect.get(test, 'failureMessages')
      const why = Array.isArray(messages) && typeof messages[0] === 'string' ? firstLineOf(messages[0]) : 'no reason given'
      return `${name} > ${textOf(test, 'fullName')}: ${why}`
    })
  })
}

/**
 * Reads vitest's JSON report of one layer. `report` is undefined when vitest wrote none. Each problem that is not a
 * failed test counts as one failure more, so that a layer with problems never adds up to "0 failed". `root` is the folder
 * that the names of files are told from.
 */
export function judgeLayer(name: string, report: unknown, exitCode: number, root: string): LayerResult {
  if (typeof report !== 'object' || report === null) {
    const problems = [`vitest ended with ${exitCode} and wrote no report`]
    return Object.freeze({ name, passed: 0, failed: 1, problems, failures: [] })
  }
  const passed = count(report, 'numPassedTests')
  const failedTests = count(report, 'numFailedTests')
  const skipped = count(report, 'numPendingTests') + count(report, 'numTodoTests')
  const problems: string[] = []
  if (passed + failedTests === 0) problems.push('no test ran')
  if (skipped > 0) problems.push(`${skipped} ${skipped === 1 ? 'test was' : 'tests were'} skipped`)
  if (exitCode !== 0 && failedTests === 0 && problems.length === 0) {
    problems.push(`vitest ended with ${exitCode} although no test failed: a file that does not load, or an error outside a test`)
  }
  const failed = failedTests + problems.length
  if (failedTests > 0) problems.unshift(`${failedTests} failed`)
  const failures = Object.freeze(failuresOf(report, root))
  return Object.freeze({ name, passed, failed, problems: Object.freeze(problems), failures })
}
