import { access, constants } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'

const places = [
  '/usr/bin/chromium',
  '/usr/local/bin/chromium',
  '/opt/homebrew/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** Chromium's program, or undefined where this machine has none. */
export async function findChromium(): Promise<string | undefined> {
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return place
  }
  return undefined
}

/** Starts a headless Chromium. Throws where there is none to start. */
export async function startChromium(): Promise<Browser & AsyncDisposable> {
  const executablePath = await findChromium()
  if (executablePath === undefined) throw new Error('there is no Chromium on this machine')
  const isRoot = process.getuid?.() === 0 // whom its sandbox refuses
  const browser = await chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}
