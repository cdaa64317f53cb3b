/**
 * A process of its own that does nothing but sign with RSA-2048 by node:crypto, in its main thread. actor-tokens.ts forks one
 * for each core: the most that programs of this Node could sign here.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import process from 'node:process'

const BATCH = 20
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const input = Buffer.alloc(700, 'e')

process.on('message', ({ milliseconds }: { milliseconds: number }) => {
  const start = performance.now()
  const used = process.cpuUsage()
  let signed = 0
  let elapsed = 0
  do {
    for (let count = 0; count < BATCH; count += 1) sign('sha256', input, privateKey)
    signed += BATCH
    elapsed = performance.now() - start
  } while (elapsed < milliseconds)
  const { user, system } = process.cpuUsage(used)
  process.send?.({ rate: (signed / elapsed) * 1000, signed, processor: (user + system) / 1000 })
})
process.on('disconnect', () => process.exit(0))
