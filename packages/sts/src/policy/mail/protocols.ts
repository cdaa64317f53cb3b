/** By which a mail app may come, in our spelling. A closed list: a protocol that is not here is served by nobody. */
export type MailProtocol = (typeof mailProtocols)[number]
export const mailProtocols = [
  'activesync',
  'autodiscover',
  'ews',
  'mapi',
  'oab',
  'imap',
  'pop',
  'smtp',
  'rpc',
  'powershell',
  'jmap',
  'sieve',
] as const

/** As administrators of Exchange know them from the names of its settings (`AllowBasicAuthWebServices`); the last two are ours. */
export const exchangeNames: Readonly<Record<MailProtocol, string>> = Object.freeze({
  activesync: 'ActiveSync',
  autodiscover: 'Autodiscover',
  ews: 'WebServices',
  mapi: 'Mapi',
  oab: 'OfflineAddressBook',
  imap: 'Imap',
  pop: 'Pop',
  smtp: 'Smtp',
  rpc: 'Rpc',
  powershell: 'Powershell',
  jmap: 'Jmap',
  sieve: 'Sieve',
})

const bySpelling: ReadonlyMap<string, MailProtocol> = new Map(
  mailProtocols.flatMap((protocol) => [
    [protocol, protocol] as const,
    [exchangeNames[protocol].toLowerCase(), protocol] as const,
  ]),
)

/** In our spelling or in Exchange's, without regard to case. `undefined`: no mail protocol. */
export const findMailProtocol = (text: string): MailProtocol | undefined => bySpelling.get(text.toLowerCase())
