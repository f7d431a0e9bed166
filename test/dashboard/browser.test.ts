import type { Page } from 'playwright-core'
import { describe, expect, test, vi } from 'vitest'
import { startChromium } from '../support/chromium.ts'
import { hasChromium, hasRedis } from '../support/servers.ts'
import { type Backend, type Shown, showDashboard } from './shown.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A page, with all that it asks of anybody and all that it complains of. */
async function openPage(shown: Shown) {
  const browser = await startChromium()
  const page = await browser.newPage({ locale: 'en-US' })
  const requests: { method: string; url: string }[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push({ method: request.method(), url: request.url() }))
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.setDefaultTimeout(10_000)
  await page.goto(shown.origin)
  return { page, requests, complaints, [Symbol.asyncDispose]: () => browser.close() }
}

const jobs = [
  { key: 4711, version: 2, priority: 7 },
  { key: 4712, version: 0, priority: 14 },
]

async function openQueuePage(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'reminders', exact: true }).click()
  await page.getByRole('link', { name: 'prioritized' }).click()
  await page.getByRole('link', { name: '4711-2' }).waitFor()
}

describe.skipIf(!hasChromium()).each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'in a browser, with the queue in $backend',
  ({ backend }) => {
    const browserTest = test.skipIf(backend === 'redis' && !hasRedis())

    browserTest('the pages show the queue and its jobs, and ask nobody but their own server', async () => {
      await using shown = await showDashboard(backend)
      await shown.queue.add(jobs)
      await using opened = await openPage(shown)
      const { page, requests, complaints } = opened
      await page.getByText(/2 jobs/i).waitFor()
      await openQueuePage(page)
      await page.getByRole('link', { name: '4712-0' }).waitFor()
      await page.getByRole('link', { name: '4711-2' }).click()
      await page.waitForURL('**/queue/reminders/4711-2*')
      await page.getByText('generation').last().waitFor()

      expect(requests.length).toBeGreaterThan(10)
      expect(requests.filter(({ url }) => !url.startsWith(`${shown.origin}/`))).toEqual([])
      expect(complaints).toEqual([])
      expect(shown.events.filter(({ kind }) => kind.startsWith('request_'))).toEqual([])
    })

    browserTest('no button of pages that only read changes anything', async () => {
      await using shown = await showDashboard(backend)
      await shown.queue.add(jobs)
      await using opened = await openPage(shown)
      const { page, requests } = opened
      await openQueuePage(page)
      let clicked = 0
      // Again and again: what one opens holds others.
      for (const _round of [1, 2, 3]) {
        for (const button of await page.locator('button, [role=menuitem]').all()) {
          const isClicked = await button
            .evaluate((element) => element.click(), undefined, { timeout: 200 })
            .then(
              () => true,
              () => false, // another one has closed it
            )
          if (isClicked) clicked += 1
        }
      }

      expect(clicked).toBeGreaterThan(10)
      expect(requests.filter(({ method }) => method !== 'GET')).toEqual([])
      expect(await shown.queue.findLost(jobs)).toEqual([])
    })
  },
)
