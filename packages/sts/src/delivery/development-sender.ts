import type { Logger } from 'pino'
import type { Sender } from './sender.ts'

/**
 * Sends nothing. Logs that there was something to send, and in development also what and to whom, so that the service can be
 * tried without a sender. It is the one place where a code is written down; `relaxationsOf` says so at the start.
 * @throws {TypeError} outside development
 */
export function createDevelopmentSender(options: { name: string; log: Logger; development: boolean }): Sender {
  if (!options.development) throw new TypeError('Codes are written to the log in development only')
  return Object.freeze({
    name: options.name,
    channels: Object.freeze(['sms', 'voice'] as const),
    async send({ to, text, channel }) {
      options.log.info({ sender: options.name, channel, to, text }, 'development: a code was not sent but is written here')
      return { outcome: 'accepted' } as const
    },
    close: async () => undefined,
  } satisfies Sender)
}
