import process from 'node:process'

/** `run` answers for a batch in the items' order; an item without an answer is `undefined`. */
export type Batching<Item, Answer> = {
  run: (items: Item[]) => Promise<(Answer | undefined)[]>
  /** Whether a batch that failed with this error may have failed because of one of its items. */
  isAboutItem: (error: unknown) => boolean
  /** Items in a batch at most. */
  most: number
}

/**
 * Turns calls for one item into calls for many: while one batch is under way the next one gathers. A batch that fails
 * because of an item is split and repeated, so that only this item is refused; one that fails for another reason, a
 * database that is away for example, is refused at once: its halves would fail one after the other.
 *
 * The returned function rejects with the error of its own item or of its whole batch.
 */
export function batching<Item, Answer>(options: Batching<Item, Answer>): (item: Item) => Promise<Answer> {
  const { run, isAboutItem, most } = options
  type Waiting = { item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }
  const gathered: Waiting[] = []
  let busy = false

  async function settle(batch: Waiting[]): Promise<void> {
    try {
      const answers = await run(batch.map((waiting) => waiting.item))
      batch.forEach((waiting, index) => {
        const answer = answers[index]
        if (answer === undefined) waiting.reject(new Error('a batch came back without an answer for each item'))
        else waiting.resolve(answer)
      })
    } catch (error) {
      if (batch.length === 1 || !isAboutItem(error)) {
        for (const waiting of batch) waiting.reject(error)
        return
      }
      const middle = Math.ceil(batch.length / 2)
      await settle(batch.slice(0, middle))
      await settle(batch.slice(middle))
    }
  }

  async function drain(): Promise<void> {
    if (busy) return
    busy = true
    while (gathered.length > 0) await settle(gathered.splice(0, most))
    busy = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      gathered.push({ item, resolve, reject })
      process.nextTick(() => void drain()) // when all that came with the same message is here
    })
}
