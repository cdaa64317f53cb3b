/**
 * What the demo's processes inherit from the shell: everything but the settings of a real installation.
 *
 * It owns which variables count. The demo has its own database, key and address, whatever the shell is set up for.
 */
const SETTING = /^(?:POSTERN_|DATABASE_URL(?:_FILE)?$)/i
/** The ones that `npm start` documents; it passes them on by itself. */
const DOCUMENTED: readonly string[] = ['POSTERN_PORT', 'POSTERN_DEMO_MAIL_PORT', 'POSTERN_DEMO_CLOUD_PORT']

type Variables = Readonly<Record<string, string | undefined>>

/** @returns the variables to pass on, and the names, never values, of those that were left out. */
export function demoEnvironment(variables: Variables): { readonly inherited: Variables; readonly ignored: readonly string[] } {
  const settings = Object.keys(variables).filter((name) => SETTING.test(name))
  return Object.freeze({
    inherited: Object.freeze(Object.fromEntries(Object.entries(variables).filter(([name]) => !settings.includes(name)))),
    ignored: Object.freeze(settings.filter((name) => !DOCUMENTED.includes(name) && variables[name] !== '').sort()),
  })
}
