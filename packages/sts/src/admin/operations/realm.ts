import type { Realm, RealmSettings } from '@postern/storage'
import { z } from 'zod'
import { parseRange } from '../../policy/conditions/ip-address.ts'
import { longestTokenSeconds } from '../../protocol/signing-keys.ts'
import { createRealm } from '../../realms/create-realm.ts'
import { OperationRefused } from '../errors.ts'
import { domainName, seconds, shownText, when } from '../fields.ts'
import { mergeMailHosts, parseMailHost, renderMailHosts } from '../mail-hosts.ts'
import { type AdminPorts, operation } from '../operation.ts'

const day = 86_400

/** How it is kept: nothing stands for off. */
const registrationModes = ['off', 'token', 'open'] as const
const registrationSetting = z.object({
  clientRegistration: z
    .enum(registrationModes)
    .optional()
    .describe(
      'Whether apps may register themselves (RFC 7591): off; token: with a token of `client registration-token`; open: anybody, as a native public client',
    ),
})

/** What a realm can do without. Recovery codes and passes stay, for they are what helps when all else is lost. */
const switchable = ['totp', 'sms', 'webauthn', 'approval'] as const
const isSwitchable = (method: string): method is (typeof switchable)[number] => (switchable as readonly string[]).includes(method)
/** Those that a person can set up; one of them must be left. */
const bindable = ['totp', 'sms', 'webauthn'] as const

/** What an administrator may set, and its limits. */
const changeable = z.object({
  accessTokenSeconds: seconds('How long an access token lives', { least: 60, most: longestTokenSeconds }),
  idTokenSeconds: seconds('How long an ID token lives', { least: 60, most: longestTokenSeconds }),
  authorizationCodeSeconds: seconds('How long an authorization code lives', { least: 10, most: 600 }),
  deviceCodeSeconds: seconds('How long a device code lives', { least: 60, most: 1800 }),
  sessionSeconds: seconds('How long a browser session lives', { least: 300, most: day }),
  interactionSeconds: seconds('How long a sign-in may take', { least: 300, most: day }),
  refreshIdleSeconds: seconds('An unused refresh token dies after this', { least: 3600, most: 365 * day }),
  refreshAbsoluteSeconds: seconds('A sign-in of a mail client ends after this, however often it is used', {
    least: 3600,
    most: 1095 * day,
  }),
  refreshReplaySeconds: seconds('How long a just-used refresh token gets the same answer again; 0 switches it off', {
    least: 0,
    most: 60,
  }),
})

/** Of these a realm may have none at all. */
const factorSettings = z.object({
  trustedNetworks: z
    .array(
      z
        .string()
        .refine(
          (text) => (parseRange(text)?.prefix ?? 0) > 0,
          'must be a network such as 192.0.2.0/24 or 2001:db8::/32, not all of them',
        ),
    )
    .max(100)
    .optional()
    .describe(
      "Networks from which a password alone is enough to set up a first factor; elsewhere it takes an access pass. May be repeated; '' empties them",
    ),
  rememberBrowserDays: z
    .number()
    .int()
    .min(0)
    .max(90, 'must be at most 90 days')
    .optional()
    .describe('For how many days people may have a browser remembered, which policies can ask about; 0: never'),
  disabledMethods: z
    .array(z.enum(switchable))
    .max(switchable.length)
    .optional()
    .describe("Methods that nobody may use or set up here; may be repeated; '' empties them"),
  smsPrefixes: z
    .array(z.string().regex(/^\+[1-9]\d{0,6}$/, 'must be the beginning of a number, for example +49'))
    .max(250)
    .optional()
    .describe("Beginnings of the telephone numbers that codes may go to; may be repeated; '' lets them go anywhere"),
})

/** What the portal and mail clients of a realm need to know. Gating and app access have operations of their own (mailapp). */
const mailSettings = z.object({
  portalIdleMinutes: z
    .number()
    .int()
    .min(1)
    .max(1440, 'must be at most 1440 minutes')
    .optional()
    .describe('A portal session that was not used for so long ends; 15 when never set'),
  mailHosts: z
    .array(
      z
        .string()
        .refine(
          (text) => parseMailHost(text) !== undefined,
          'must look like imap=mail.contoso.com:993 or activesync=https://mail.contoso.com/Microsoft-Server-ActiveSync',
        ),
    )
    .max(6)
    .optional()
    .describe(
      "Where the mail servers are, for set-up files of mail clients: imap, pop, smtp as name:port, with /starttls or /implicit where the port does not say; activesync, ews, jmap as https addresses (http for this machine only). May be repeated; replaces all; '' empties them",
    ),
})

export const realmView = z.object({
  id: z.uuid(),
  issuer: z.string().optional(),
  displayName: z.string(),
  domains: z.array(z.string()),
  status: z.enum(['active', 'disabled']),
  createdAt: when,
  settings: changeable.extend({
    ...factorSettings.shape,
    ...mailSettings.shape,
    ...registrationSetting.shape,
    gating: z
      .object({
        for: z.enum(['nobody', 'everybody', 'group']),
        group: z.string().optional(),
        mode: z.enum(['on', 'report-only']),
      })
      .optional(),
    appAccess: z.enum(['allow', 'quarantine', 'block']).optional(),
  }),
})

const columns = ['id', 'displayName', 'domains', 'status', 'issuer']
const anyRealm = shownText('GUID or domain of the realm', 253)

const toSettingsView = ({ trustedNetworks, disabledMethods, smsPrefixes, mailHosts, ...settings }: RealmSettings) => ({
  ...settings,
  ...(trustedNetworks === undefined ? {} : { trustedNetworks: [...trustedNetworks] }),
  ...(disabledMethods === undefined ? {} : { disabledMethods: disabledMethods.filter((one) => isSwitchable(one)) }),
  ...(smsPrefixes === undefined ? {} : { smsPrefixes: [...smsPrefixes] }),
  ...(mailHosts === undefined ? {} : { mailHosts: renderMailHosts(mailHosts) }),
})

const toRealmView = (realm: Realm, { issuerOf }: Pick<AdminPorts, 'issuerOf'>): z.input<typeof realmView> => ({
  ...realm,
  issuer: issuerOf(realm.id),
  domains: [...realm.domains],
  createdAt: realm.createdAt.toISOString(),
  settings: toSettingsView(realm.settings),
})

/** By GUID or domain, disabled or not. `undefined`: no such realm. */
export async function findRealm(realms: AdminPorts['store']['realms'], name: string): Promise<Realm | undefined> {
  const lower = name.toLowerCase()
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower)) return realms.find(lower as Realm['id']) // has the form of one
  return realms.findByDomain(lower)
}

async function requireRealm(at: AdminPorts, name: string): Promise<Realm> {
  const realm = await findRealm(at.store.realms, name)
  if (realm === undefined) throw new OperationRefused('missing', `There is no realm ${name}. See: postern realm list`)
  return realm
}

const changedRealm = ({ output }: { output: z.output<typeof realmView> }) => ({
  subject: output.domains[0] ?? output.id,
  realm: output.id,
})

const setStatus = (status: Realm['status'], summary: string) =>
  operation({
    name: status === 'active' ? 'realm.enable' : 'realm.disable',
    summary,
    scope: 'service',
    positional: ['realm'],
    input: z.object({ realm: anyRealm }),
    output: realmView,
    columns,
    errors: ['missing'],
    changed: changedRealm,
    run: async ({ input, at }) => {
      const realm = await requireRealm(at, input.realm)
      await at.store.realms.change(realm.id, { status })
      return toRealmView({ ...realm, status }, at)
    },
  })

export const realmOperations = [
  operation({
    name: 'realm.add',
    summary: 'Make a realm with its own issuer, signing key and first policy',
    scope: 'service',
    positional: ['domain'],
    input: z.object({ domain: domainName, displayName: shownText('Shown to people; the domain when left out').optional() }),
    output: realmView,
    columns,
    errors: ['conflict'],
    changed: changedRealm,
    run: async ({ input, at }) => {
      const made = await createRealm(at, { domain: input.domain, displayName: input.displayName ?? input.domain })
      if (made.outcome === 'conflict')
        throw new OperationRefused('conflict', `Another realm has the domain ${input.domain}. See: postern realm list`)
      return toRealmView(made.realm, at)
    },
  }),
  operation({
    name: 'realm.list',
    summary: 'List the realms',
    scope: 'service',
    input: z.object({}),
    output: z.array(realmView),
    columns,
    errors: [],
    run: async ({ at }) => (await at.store.realms.list()).map((realm) => toRealmView(realm, at)),
  }),
  operation({
    name: 'realm.show',
    summary: 'Show a realm and its settings',
    scope: 'service',
    positional: ['realm'],
    input: z.object({ realm: anyRealm }),
    output: realmView,
    errors: ['missing'],
    run: async ({ input, at }) => toRealmView(await requireRealm(at, input.realm), at),
  }),
  operation({
    name: 'realm.change',
    summary: 'Change the name or the settings of a realm',
    scope: 'service',
    positional: ['realm'],
    input: z.object({
      realm: anyRealm,
      displayName: shownText('Shown to people').optional(),
      ...changeable.partial().shape,
      ...factorSettings.shape,
      ...mailSettings.shape,
      ...registrationSetting.shape,
    }),
    output: realmView,
    errors: ['missing', 'invalid'],
    changed: changedRealm,
    run: async ({ input: { realm: name, displayName, mailHosts: hosts, clientRegistration: registration, ...wanted }, at }) => {
      const realm = await requireRealm(at, name)
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
      const {
        smsPrefixes,
        mailHosts: before,
        clientRegistration: mode,
        ...others
      }: RealmSettings = { ...realm.settings, ...given }
      const clientRegistration = registration === undefined ? mode : registration === 'off' ? undefined : registration
      const mailHosts = hosts === undefined ? before : hosts.length === 0 ? undefined : mergeMailHosts(hosts)
      // None given means none is demanded, and that is how it is kept.
      const settings: RealmSettings = {
        ...others,
        ...(smsPrefixes?.length ? { smsPrefixes } : {}),
        ...(mailHosts === undefined ? {} : { mailHosts }),
        ...(clientRegistration === undefined ? {} : { clientRegistration }),
      }
      if (bindable.every((method) => settings.disabledMethods?.includes(method)))
        throw new OperationRefused(
          'invalid',
          `One of ${bindable.join(', ')} must be left, or nobody could set up a factor (disabled-method)`,
        )
      if (settings.refreshIdleSeconds > settings.refreshAbsoluteSeconds) {
        throw new OperationRefused(
          'invalid',
          'An unused refresh token (refresh-idle-seconds) must not live longer than a sign-in (refresh-absolute-seconds)',
        )
      }
      await at.store.realms.change(realm.id, { settings, ...(displayName === undefined ? {} : { displayName }) })
      return toRealmView({ ...realm, settings, displayName: displayName ?? realm.displayName }, at)
    },
  }),
  operation({
    name: 'realm.add-domain',
    summary: 'Let a realm be found by a further domain, which you have verified to be yours',
    scope: 'service',
    positional: ['realm', 'domain'],
    input: z.object({ realm: anyRealm, domain: domainName }),
    output: realmView,
    columns,
    errors: ['missing', 'conflict'],
    changed: changedRealm,
    run: async ({ input, at }) => {
      const realm = await requireRealm(at, input.realm)
      if ((await at.store.realms.addDomain(realm.id, input.domain)) === 'conflict') {
        throw new OperationRefused('conflict', `A realm has the domain ${input.domain} already. See: postern realm list`)
      }
      return toRealmView({ ...realm, domains: [...realm.domains, input.domain] }, at)
    },
  }),
  setStatus('disabled', 'Stop a realm: nobody signs in and no token is issued until it is enabled again'),
  setStatus('active', 'Let a disabled realm work again'),
]
