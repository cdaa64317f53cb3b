/**
 * full-disk is a small file system of its own, in memory, that can be filled to the last byte and emptied again. It needs the
 * right to mount, which root has.
 * @module
 */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk extends Disposable {
  readonly directory: string
  /** Writes until nothing more goes in. */
  fill(): void
  /** Takes away what {@link fill} wrote. */
  free(): void
}

const BALLAST = 'ballast'

export function mountSmallDisk(megabytes: number): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'postern-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', directory])
  const unmount = () => {
    try {
      // Lazily: who still has a file open there keeps it until the end.
      execFileSync('umount', ['-l', directory])
      rmdirSync(directory)
    } catch {
      // Left to the system's next start; there is nothing in it but this experiment.
    }
  }
  process.once('exit', unmount)
  return {
    directory,
    fill() {
      const file = openSync(join(directory, BALLAST), 'a')
      for (const size of [65_536, 4_096, 1]) {
        const piece = Buffer.alloc(size, 'x')
        try {
          while (writeSync(file, piece) === size);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
      closeSync(file)
    },
    free: () => rmSync(join(directory, BALLAST), { force: true }),
    [Symbol.dispose]() {
      process.off('exit', unmount)
      unmount()
    },
  }
}
