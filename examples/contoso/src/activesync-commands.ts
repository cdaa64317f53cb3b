/**
 * Answers ActiveSync commands over one read-only inbox: enough for a phone to add the account and see its letters.
 *
 * Pure: command, body and mailbox in, status and bytes out. It owns what each command says. It does not check who is
 * asking, and it changes nothing: commands that would are answered 501, and are not advertised.
 */
import { AIR_SYNC, BODY, EMAIL, FOLDER, PING, PROVISION, SETTINGS } from './activesync-tokens.ts'
import type { Mailbox, Message } from './mailboxes.ts'
import { decodeWbxml, type Element, element, encodeWbxml, findElement } from './wbxml.ts'

/** `holdSeconds` asks the caller to wait before it answers: a Ping stays open until its heartbeat is over. */
export type CommandAnswer = Readonly<{ status: 200 | 501; body?: Buffer; holdSeconds?: number }>

type Answer = (root: Element | undefined, mailbox: Mailbox) => Element | undefined

const INBOX = '1'
const SHORTEST_HEARTBEAT = 60
const LONGEST_HEARTBEAT = 3540

const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['FolderSync', answerFolderSync],
  ['Provision', answerProvision],
  ['Settings', answerSettings],
  ['Sync', answerSync],
  ['Ping', answerPing],
])

/** What OPTIONS may promise. */
export const SUPPORTED_COMMANDS: readonly string[] = Object.freeze([...ANSWERS.keys()])
export const SUPPORTED_VERSIONS: readonly string[] = Object.freeze(['14.0', '14.1', '16.0', '16.1'])

/**
 * @param body the request's WBXML, empty when there was none.
 * @throws {WbxmlError} for a body that is not WBXML.
 */
export function answerCommand(command: string, body: Uint8Array, mailbox: Mailbox): CommandAnswer {
  const answer = ANSWERS.get(command)
  if (answer === undefined) return Object.freeze({ status: 501 })
  const root = body.length === 0 ? undefined : decodeWbxml(body)
  const said = answer(root, mailbox)
  if (said === undefined) return Object.freeze({ status: 200 })
  const heartbeat = command === 'Ping' && findElement(said, PING.Status)?.text === '1' ? heartbeatOf(root) : undefined
  return Object.freeze({ status: 200, body: encodeWbxml(said), ...(heartbeat === undefined ? {} : { holdSeconds: heartbeat }) })
}

/** Key 0 asks for all folders; any later key hears that nothing changed, as nothing here ever does. */
function answerFolderSync(root: Element | undefined): Element {
  const key = root === undefined ? undefined : findElement(root, FOLDER.SyncKey)?.text
  if (root?.tag !== FOLDER.FolderSync || key === undefined) return element(FOLDER.FolderSync, element(FOLDER.Status, '10'))
  if (key !== '0' && key !== '1') return element(FOLDER.FolderSync, element(FOLDER.Status, '9'))
  const inbox = element(
    FOLDER.Add,
    element(FOLDER.ServerId, INBOX),
    element(FOLDER.ParentId, '0'),
    element(FOLDER.DisplayName, 'Inbox'),
    element(FOLDER.Type, '2'),
  )
  const added = key === '0' ? [inbox] : []
  return element(
    FOLDER.FolderSync,
    element(FOLDER.Status, '1'),
    element(FOLDER.SyncKey, '1'),
    element(FOLDER.Changes, element(FOLDER.Count, String(added.length)), ...added),
  )
}

/** The first request gets a policy that asks nothing of the device; the second one, with its key, is the receipt. */
function answerProvision(root: Element | undefined): Element {
  const policy = root?.tag === PROVISION.Provision ? findElement(root, PROVISION.Policies, PROVISION.Policy) : undefined
  if (policy === undefined) return element(PROVISION.Provision, element(PROVISION.Status, '2'))
  const confirms = findElement(policy, PROVISION.PolicyKey) !== undefined
  const asks = element(PROVISION.Data, element(PROVISION.Document, element(PROVISION.DevicePasswordEnabled, '0')))
  return element(
    PROVISION.Provision,
    element(PROVISION.Status, '1'),
    element(
      PROVISION.Policies,
      element(
        PROVISION.Policy,
        element(PROVISION.PolicyType, 'MS-EAS-Provisioning-WBXML'),
        element(PROVISION.Status, '1'),
        element(PROVISION.PolicyKey, confirms ? '2' : '1'),
        ...(confirms ? [] : [asks]),
      ),
    ),
  )
}

function answerSettings(root: Element | undefined, mailbox: Mailbox): Element {
  if (root?.tag !== SETTINGS.Settings) return element(SETTINGS.Settings, element(SETTINGS.Status, '2'))
  const parts: Element[] = []
  if (findElement(root, SETTINGS.DeviceInformation) !== undefined)
    parts.push(element(SETTINGS.DeviceInformation, element(SETTINGS.Status, '1')))
  if (findElement(root, SETTINGS.UserInformation) !== undefined) {
    const addresses = element(SETTINGS.EmailAddresses, element(SETTINGS.SmtpAddress, mailbox.upn))
    parts.push(element(SETTINGS.UserInformation, element(SETTINGS.Status, '1'), element(SETTINGS.Get, addresses)))
  }
  return element(SETTINGS.Settings, element(SETTINGS.Status, '1'), ...parts)
}

/** Key 0 primes, key 1 brings every letter, key 2 hears nothing (an empty answer means "no changes"). */
function answerSync(root: Element | undefined, mailbox: Mailbox): Element | undefined {
  const collection = root?.tag === AIR_SYNC.Sync ? findElement(root, AIR_SYNC.Collections, AIR_SYNC.Collection) : undefined
  const key = collection === undefined ? undefined : findElement(collection, AIR_SYNC.SyncKey)?.text
  const folder = collection === undefined ? undefined : findElement(collection, AIR_SYNC.CollectionId)?.text
  if (key === undefined || folder === undefined) return element(AIR_SYNC.Sync, element(AIR_SYNC.Status, '4'))
  const one = (status: string, nextKey: string, ...more: readonly Element[]): Element =>
    element(
      AIR_SYNC.Sync,
      element(
        AIR_SYNC.Collections,
        element(
          AIR_SYNC.Collection,
          element(AIR_SYNC.SyncKey, nextKey),
          element(AIR_SYNC.CollectionId, folder),
          element(AIR_SYNC.Status, status),
          ...more,
        ),
      ),
    )
  if (folder !== INBOX) return one('8', key)
  if (key === '0') return one('1', '1')
  if (key === '1') return one('1', '2', element(AIR_SYNC.Commands, ...mailbox.messages.map((message) => addOf(message, mailbox))))
  return key === '2' ? undefined : one('3', '0')
}

function addOf(message: Message, mailbox: Mailbox): Element {
  return element(
    AIR_SYNC.Add,
    element(AIR_SYNC.ServerId, `${INBOX}:${message.id}`),
    element(
      AIR_SYNC.ApplicationData,
      element(EMAIL.To, mailbox.upn),
      element(EMAIL.From, message.from),
      element(EMAIL.Subject, message.subject),
      element(EMAIL.DateReceived, message.receivedAt.replace(/Z$/, '.000Z')),
      element(EMAIL.MessageClass, 'IPM.Note'),
      element(EMAIL.Read, '0'),
      element(
        BODY.Body,
        element(BODY.Type, '1'),
        element(BODY.EstimatedDataSize, String(Buffer.byteLength(message.text))),
        element(BODY.Data, message.text),
      ),
    ),
  )
}

function answerPing(root: Element | undefined): Element {
  const heartbeat = heartbeatOf(root)
  if (heartbeat === undefined) return element(PING.Ping, element(PING.Status, '3'))
  if (heartbeat >= SHORTEST_HEARTBEAT && heartbeat <= LONGEST_HEARTBEAT) return element(PING.Ping, element(PING.Status, '1'))
  const limit = heartbeat < SHORTEST_HEARTBEAT ? SHORTEST_HEARTBEAT : LONGEST_HEARTBEAT
  return element(PING.Ping, element(PING.Status, '5'), element(PING.HeartbeatInterval, String(limit)))
}

function heartbeatOf(root: Element | undefined): number | undefined {
  const text = root?.tag === PING.Ping ? findElement(root, PING.HeartbeatInterval)?.text : undefined
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}
