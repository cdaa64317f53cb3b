/**
 * The mailboxes of the demo, in memory: one inbox for each person, found by user principal name.
 *
 * It owns people and messages. It decides nothing about access. A real server would map the token's stable
 * identity (`tid` and `oid`) to a mailbox, because a name can be given to somebody else later.
 */

/** `receivedAt` is ISO 8601 in UTC. */
export type Message = Readonly<{ id: string; from: string; subject: string; receivedAt: string; text: string }>
export type Mailbox = Readonly<{ upn: string; displayName: string; messages: readonly Message[] }>
export type Mailboxes = Readonly<{ findByUpn: (upn: string) => Mailbox | undefined }>

/** Finds mailboxes by name, without regard to letter case. */
export function createMailboxes(all: readonly Mailbox[]): Mailboxes {
  const byName = new Map(all.map((mailbox) => [mailbox.upn.toLowerCase(), mailbox]))
  return Object.freeze({ findByUpn: (upn: string) => byName.get(upn.toLowerCase()) })
}

/** Mary, Joe and the administrator, with a few letters each. */
export function demoMailboxes(domain: string): Mailboxes {
  const letter = (id: string, from: string, subject: string, receivedAt: string, text: string): Message =>
    Object.freeze({ id, from: `${from}@${domain}`, subject, receivedAt, text })
  const box = (name: string, displayName: string, messages: readonly Message[]): Mailbox =>
    Object.freeze({ upn: `${name}@${domain}`, displayName, messages: Object.freeze(messages) })
  return createMailboxes([
    box('mary', 'Mary', [
      letter(
        '1',
        'joe',
        'Lunch on Thursday?',
        '2026-03-02T09:14:00Z',
        'The place by the river has tables outside again. Half past twelve?',
      ),
      letter(
        '2',
        'admin',
        'Your mailbox now asks for a second factor',
        '2026-03-01T16:40:00Z',
        'Nothing to do for you: you have already set one up.',
      ),
    ]),
    box('joe', 'Joe', [
      letter('1', 'mary', 'Re: Lunch on Thursday?', '2026-03-02T09:31:00Z', 'Yes. Bring the drawings.'),
      letter(
        '2',
        'admin',
        'Please set up a second factor',
        '2026-03-01T16:40:00Z',
        'The next time you sign in you will be asked to scan a code.',
      ),
    ]),
    box('admin', 'Administrator', [
      letter('1', 'mary', 'Thank you', '2026-03-02T08:02:00Z', 'The new sign-in works on my phone too.'),
    ]),
  ])
}

/** Joe's mailbox, which was moved: his first letter there. */
export const demoCloudMailboxes = (domain: string): Mailboxes =>
  createMailboxes([
    Object.freeze({
      upn: `joe@${domain}`,
      displayName: 'Joe',
      messages: Object.freeze([
        Object.freeze({
          id: '1',
          from: `admin@${domain}`,
          subject: 'Your mailbox was moved to the cloud',
          receivedAt: '2026-03-04T06:00:00Z',
          text: 'Your colleagues find you as before. Nothing to do for you.',
        }),
      ]),
    }),
  ])
