/** How fast this machine signs with RSA-2048, by openssl's own measure, all cores at once. */
import { execFile } from 'node:child_process'
import type { Contestant } from './rounds.ts'

/** The line `rsa 2048 bits 0.000122s 0.000007s 8206.0 145503.0`: the fourth figure is signatures per second. */
export function parseSignRate(output: string): number | undefined {
  const found = /^rsa\s+2048\s+bits\s+\S+\s+\S+\s+([\d.]+)\s+[\d.]+\s*$/m.exec(output)
  return found?.[1] === undefined ? undefined : Number(found[1])
}

/** Measures whole seconds only; openssl also spends as long on verification, which is not counted. */
export function opensslSigning(processes: number): Contestant {
  return {
    name: 'openssl signing',
    measure: (milliseconds) =>
      new Promise((done, failed) => {
        const seconds = Math.max(1, Math.round(milliseconds / 1000))
        execFile('openssl', ['speed', '-seconds', `${seconds}`, '-multi', `${processes}`, 'rsa2048'], (error, stdout) => {
          const rate = parseSignRate(stdout)
          if (rate !== undefined) done(rate)
          else
            failed(
              new TypeError('openssl speed said nothing: is openssl installed? (Debian: apt-get install openssl)', {
                cause: error,
              }),
            )
        })
      }),
  }
}
