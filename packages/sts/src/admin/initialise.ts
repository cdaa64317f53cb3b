import type { Realm } from '@postern/storage'
import { OperationRefused } from './errors.ts'
import { administratorsGroup } from './last-administrator.ts'
import { type AdminPorts, parseInput } from './operation.ts'
import { findRealm } from './operations/realm.ts'
import { operations } from './operations.ts'

/**
 * Pure: what `initialise` would refuse in any database. Asked first, so that a typing error leaves no master key behind.
 * @throws {OperationRefused} `invalid`
 */
export function checkFirst(wanted: { domain: string; displayName?: string | undefined; administrator: string }): void {
  const { domain, displayName, administrator: upn } = wanted
  parseInput(find('realm.add').input, { domain, ...(displayName === undefined ? {} : { displayName }) })
  parseInput(find('account.add').input, { upn })
  if (!upn.toLowerCase().endsWith(`@${domain.trim().toLowerCase()}`))
    throw new OperationRefused('invalid', `The first administrator must be under ${domain}, and ${upn} is not. See: --admin`)
}

/**
 * Makes the first realm and its first administrator, all or nothing.
 * @throws {OperationRefused} `conflict` when there is a realm already; what `realm.add` and `account.add` refuse.
 */
export async function initialise(
  ports: AdminPorts,
  wanted: { domain: string; displayName?: string | undefined; administrator: string; actor: string; reference: string },
): Promise<{ readonly realm: Realm; readonly upn: string; readonly password: string; readonly pass: string }> {
  const { actor, reference } = wanted
  return ports.store.transaction(async () => {
    const present = await ports.store.realms.list()
    if (present.length > 0) {
      throw new OperationRefused(
        'conflict',
        `This installation has the realm ${present[0]?.domains[0]} already. For another one: postern realm add <domain>`,
      )
    }
    const { domain, displayName, administrator: upn } = wanted
    await perform(ports, 'realm.add', {
      input: { domain, ...(displayName === undefined ? {} : { displayName }) },
      actor,
      reference,
    })
    const realm = await findRealm(ports.store.realms, domain)
    if (realm === undefined) throw new TypeError('A realm that was just added cannot be found')
    const input = { upn, displayName: 'Administrator', groups: [administratorsGroup], generatePassword: true }
    const account = await perform(ports, 'account.add', { input, realm, actor, reference })
    // A password alone sets up no first factor. A day, because there is more to do before the first sign-in.
    const given = await perform(ports, 'mfa.pass-give', { input: { account: upn, minutes: 24 * 60 }, realm, actor, reference })
    return Object.freeze({ realm, upn, password: readText(account, 'password'), pass: readText(given, 'pass') })
  })
}

function find(name: string): (typeof operations)[number] {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  return operation
}

const perform = (
  ports: AdminPorts,
  name: string,
  call: Parameters<(typeof operations)[number]['execute']>[1],
): Promise<unknown> => find(name).execute(ports, call)

function readText(output: unknown, member: string): string {
  const value =
    typeof output === 'object' && output !== null ? Object.entries(output).find(([name]) => name === member)?.[1] : undefined
  if (typeof value !== 'string') throw new TypeError(`There is no ${member} in what was made`)
  return value
}
