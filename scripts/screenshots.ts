/**
 * Takes a picture of every page in every state, for people to look at: `pnpm screenshots [word in the name …]`.
 *
 * Static renderings, served on loopback with the real headers; nothing else of the service runs. Pictures go into
 * `.screenshots/`, which git ignores.
 */
import { mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createGalleryApp, renderGallery } from '../packages/sts/src/testing/gallery.ts'
import { startChromium } from '../test/browser/chromium.ts'

const looks = [
  { name: 'desktop', width: 1280, height: 800, scheme: 'light' },
  { name: 'dark', width: 1280, height: 800, scheme: 'dark' },
  { name: 'phone', width: 390, height: 844, scheme: 'light' },
  { name: 'narrow', width: 320, height: 640, scheme: 'dark' },
] as const

const words = process.argv.slice(2)
const exhibits = renderGallery().filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
const folder = new URL('../.screenshots/', import.meta.url)
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })

const server = createServer(createGalleryApp(exhibits).callback())
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
if (address === null || typeof address === 'string') throw new TypeError('the gallery has no port')

const browser = await startChromium()
try {
  for (const look of looks) {
    const context = await browser.newContext({
      viewport: { width: look.width, height: look.height },
      colorScheme: look.scheme,
      hasTouch: look.width < 500,
      isMobile: look.width < 500,
    })
    const page = await context.newPage()
    for (const { name } of exhibits) {
      await page.goto(`http://127.0.0.1:${address.port}/gallery/${name}`)
      await page.evaluate('document.fonts.ready')
      await page.screenshot({ path: new URL(`${name}-${look.name}.png`, folder).pathname, fullPage: true })
    }
    await context.close()
  }
} finally {
  await browser.close()
  server.close()
}
console.log(`${exhibits.length * looks.length} pictures in .screenshots/`)
