/** Says the first thing it is given to say, and nothing after it. */
export function once<T>(say: (thing: T) => void): (thing: T) => void {
  let said = false
  return (thing) => {
    if (!said) say(thing)
    said = true
  }
}
