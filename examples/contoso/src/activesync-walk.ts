/**
 * The walk of a phone to its inbox: FolderSync, and the two Syncs that bring the letters ([MS-ASCMD]).
 *
 * It owns the order of the commands and what is read from their answers. It sends nothing itself: who calls it knows how to prove who they are.
 */
import { AIR_SYNC, EMAIL, FOLDER } from './activesync-tokens.ts'
import { type Element, element, findElement } from './wbxml.ts'

/** Sends one command and gives what was answered; throws where there is no answer. */
export type SendCommand = (name: string, body: Element) => Promise<Element>

/** The subjects of the letters in the inbox. Throws what `command` throws. */
export async function bringLetters(command: SendCommand): Promise<readonly string[]> {
  const folders = await command('FolderSync', element(FOLDER.FolderSync, element(FOLDER.SyncKey, '0')))
  const inbox = findElement(folders, FOLDER.Changes, FOLDER.Add, FOLDER.ServerId)?.text ?? ''
  const sync = async (key: string): Promise<Element | undefined> => {
    const collection = element(AIR_SYNC.Collection, element(AIR_SYNC.SyncKey, key), element(AIR_SYNC.CollectionId, inbox))
    const answer = await command('Sync', element(AIR_SYNC.Sync, element(AIR_SYNC.Collections, collection)))
    return findElement(answer, AIR_SYNC.Collections, AIR_SYNC.Collection)
  }
  const primed = await sync('0')
  const brought = await sync((primed === undefined ? undefined : findElement(primed, AIR_SYNC.SyncKey))?.text ?? '')
  const added = brought === undefined ? [] : (findElement(brought, AIR_SYNC.Commands)?.children ?? [])
  return Object.freeze(added.flatMap((one) => findElement(one, AIR_SYNC.ApplicationData, EMAIL.Subject)?.text ?? []))
}
