/**
 * Starts the headless Chromium that the browser tests and the screenshots use: it comes from npm, so no machine needs a
 * browser of its own, and it is unpacked into the system's temporary folder once.
 * @module
 */
import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'

export type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

/**
 * The package's own flags are made for a function that runs once: in a single process, the browser hangs when a context is
 * closed, and without web security it would not show what real browsers refuse.
 */
const flags = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none', '--hide-scrollbars']

/** The caller closes it. */
export async function startChromium(): Promise<Browser> {
  return playwright.launch({ executablePath: await chromium.executablePath(), args: flags, headless: true })
}
