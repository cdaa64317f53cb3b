import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { renderGallery } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, startChromium } from './chromium.ts'
import { serveGallery } from './gallery.ts'

const AXE = '/axe-core.js'
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

type Scheme = 'light' | 'dark'

const LOOKS = [
  { width: 320, scheme: 'light' },
  { width: 320, scheme: 'dark' },
  { width: 390, scheme: 'light' },
  { width: 768, scheme: 'dark' },
  { width: 1440, scheme: 'light' },
  { width: 1440, scheme: 'dark' },
] as const

describe('every page in every state', () => {
  let browser: Browser
  let gallery: Awaited<ReturnType<typeof serveGallery>>
  /** What is wrong, by look. */
  const wrong = new Map<(typeof LOOKS)[number], string[]>(LOOKS.map((look) => [look, []]))

  // The schemes side by side, as much of the time goes by waiting for the browser.
  beforeAll(async () => {
    gallery = await serveGallery(undefined, new Map([[AXE, axe]]))
    browser = await startChromium()
    await Promise.all([inspect('light'), inspect('dark')])
  }, 300_000)
  afterAll(async () => {
    await browser.close()
    gallery.close()
  })

  /**
   * Opens each exhibit once and collects what is wrong in each of the widths, one after the other. Each scheme has its own,
   * because colours change by and by.
   *
   * The page's own policy would, rightly, refuse a script of ours, so it is off here, and what it refuses is seen below. Given
   * over the debugging protocol instead, the script would be compiled for each page anew, which takes longer than all looks.
   */
  async function inspect(scheme: Scheme): Promise<void> {
    const context = await browser.newContext({ colorScheme: scheme, bypassCSP: true })
    const page = await context.newPage()
    let here = ''
    let now: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') now.push(`${here}: ${message.text()}`)
    })
    for (const { name } of gallery.exhibits) {
      here = name
      let isOpen = false
      for (const [look, problems] of wrong) {
        if (look.scheme !== scheme) continue
        now = problems
        await page.setViewportSize({ width: look.width, height: 800 })
        if (!isOpen) await page.goto(gallery.address(name))
        if (!isOpen) await page.addScriptTag({ url: new URL(AXE, gallery.address(name)).href })
        isOpen = true
        const findings = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as readonly Finding[] // axe-core's Result
        problems.push(...findings.map(({ id, nodes }) => `${name}: ${id} at ${nodes[0]?.html}`))
        if (await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
          problems.push(`${name}: wider than the screen`)
      }
    }
    await context.close()
  }

  test('is looked at', () => {
    expect(gallery.exhibits.length).toBeGreaterThan(100)
  })

  test.each(LOOKS)('has no axe finding, no error and no overflow at $width px, $scheme', (look) => {
    expect(wrong.get(look)).toEqual([])
  })
})

describe.each(['de', 'fr'] as const)('in %s', (language) => {
  test('no page asks for what its policy refuses, and each fits on 320 px, with a long name of the realm and its own colour', async () => {
    const realm = { displayName: 'Donaudampfschifffahrtsgesellschaftskapitänsbund Niederösterreich e. V.', accent: '#f5d90a' }
    const gallery = await serveGallery(renderGallery({ language, realm }))
    const browser = await startChromium()
    const page = await browser.newPage({ viewport: { width: 320, height: 640 } })
    const wide: string[] = []
    const errors: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${page.url()}: ${message.text()}`)
    })
    for (const { name } of gallery.exhibits) {
      await page.goto(gallery.address(name))
      if (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) wide.push(name)
    }
    await browser.close()
    gallery.close()
    expect({ wide, errors }).toEqual({ wide: [], errors: [] })
  })
})
