/** Processor time of processes, as Linux counts it. It says what work costs even while others use the same cores. */
import { readdirSync, readFileSync } from 'node:fs'

interface Process {
  readonly pid: number
  readonly name: string
  readonly parent: number
  readonly milliseconds: number
}

/** Linux counts in hundredths of a second towards user space, whatever it does inside. */
const tickMilliseconds = 10

/** One line of `/proc/{pid}/stat` (proc(5)). The name stands in parentheses and may contain anything. */
export function parseStat(line: string): Process | undefined {
  const found = /^(\d+) \((.*)\) (.+)$/s.exec(line)
  if (found === null) return undefined
  const [, pid, name = '', rest = ''] = found
  const fields = rest.split(' ') // the first is the state, the third field of the line
  // Its own, in user space and in the kernel, and that of its children that have ended: of what was used nothing is lost.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid: Number(pid), name, parent: Number(fields[1]), milliseconds: ticks * tickMilliseconds }
}

/** Milliseconds that the children of this process which have ended took. `undefined` where the system does not tell. */
export function endedChildrenTime(): number | undefined {
  try {
    const line = readFileSync('/proc/self/stat', 'utf8')
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ') // the first is the state, the third field of the line
    return (Number(fields[13]) + Number(fields[14])) * tickMilliseconds
  } catch {
    return undefined
  }
}

function listProcesses(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      return parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
    } catch {
      return [] // it has ended meanwhile
    }
  })
}

/** Of `root` and whatever runs below it. */
function treeOf(root: number, all: readonly Process[]): ReadonlySet<number> {
  const tree = new Set([root])
  // Parents are often, but not always, listed before their children.
  for (let size = 0; size !== tree.size; ) {
    size = tree.size
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid)
  }
  return tree
}

/** The process ids of `root` and whatever runs below it now. */
export const processTree = (root: number): readonly number[] => [...treeOf(root, listProcesses())]

/**
 * Milliseconds that `root` and whatever runs below it have used so far, all of it or the processes of one name alone.
 * `undefined` where the system does not tell.
 */
export function processorTime(root: number, name?: string): number | undefined {
  let all: readonly Process[]
  try {
    all = listProcesses()
  } catch {
    return undefined
  }
  const tree = treeOf(root, all)
  return all
    .filter((one) => tree.has(one.pid) && (name === undefined || one.name === name))
    .reduce((sum, one) => sum + one.milliseconds, 0)
}
