/** Controls but the line feed, and what turns the direction of the text that follows. */
const steering = /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/gu

/** The text with what would steer a terminal as JSON escapes it; JSON stays the same JSON. */
export function legible(text: string): string {
  return text.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The same stream; what is written to it is legible. */
export function legibly(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = (text: string) => stream.write(legible(text))
  return new Proxy(stream, { get: (target, key) => (key === 'write' ? write : Reflect.get(target, key)) })
}
