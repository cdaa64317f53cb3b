/**
 * Which modules words stand for: an area, the name of a module, or an id of the OpenID Foundation.
 *
 * It owns how `--only` is read. A part of a name counts only where nothing is named exactly so, and that is said.
 */
import { type ConformanceModule, fileNameOf } from './conformance-module.ts'
import { ConformanceError } from './errors.ts'
import { findPlan } from './plans.ts'

export interface Named {
  readonly modules: readonly ConformanceModule[]
  /** What a person should know of how the words were read. */
  readonly notes: readonly string[]
}

/** @throws {ConformanceError} `target_invalid` for a word that names nothing, or a plan. */
export function findNamed(modules: readonly ConformanceModule[], words: readonly string[]): Named {
  const notes: string[] = []
  const found = words.map((word) => {
    const exact = modules.filter((one) => one.area === word || fileNameOf(one) === word || one.ids?.includes(word) === true)
    if (exact.length > 0) return exact
    if (findPlan(word) !== undefined) throw new ConformanceError('target_invalid', `${word} is a plan: use --plan ${word}`)
    const parts = modules.filter((one) => fileNameOf(one).includes(word))
    if (parts.length === 0) throw new ConformanceError('target_invalid', `no module matches ${word}; --list shows their names`)
    notes.push(`Nothing is named ${word}: run are the modules with it in their names, ${parts.map(fileNameOf).join(', ')}`)
    return parts
  })
  return { modules: modules.filter((one) => found.some((some) => some.includes(one))), notes }
}

/** One line for each module: area, name, and the Foundation's ids that it stands for. */
export const renderNames = (modules: readonly ConformanceModule[]): string =>
  modules.map((one) => `${[`${one.area}: ${fileNameOf(one)}`, ...(one.ids ?? [])].join('  ')}\n`).join('')
