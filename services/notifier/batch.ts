/**
 * Turns calls for one item into calls for many: while one batch is under way the next one gathers. A batch that fails
 * is split and repeated, so that only the item at fault is refused.
 *
 * `run` answers for a batch in the items' order. The returned function rejects with the error of its own item alone.
 */
export function batching<Item, Answer>(
  run: (items: Item[]) => Promise<Answer[]>,
  most: number,
): (item: Item) => Promise<Answer> {
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
      const [first] = batch
      if (batch.length === 1 && first) return first.reject(error)
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
      setImmediate(() => void drain())
    })
}
