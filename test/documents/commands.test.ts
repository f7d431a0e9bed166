import { expect, test } from 'vitest'
import { readCommands } from './commands.ts'

const block = (language: string, content: string) => `\`\`\`${language}\n${content}\n\`\`\`\n`
const texts = (markdown: string) => readCommands(markdown).map(({ text }) => text)

test('a block is cut into its commands, without comments, and only outside of quotes', () => {
  const content = `npm ci && npm start   # both && more\n\nsql "a && 'b' # c\nd" &\n# nothing\ncat $(x)`
  expect(readCommands(block('sh', content))).toMatchObject([
    { text: 'npm ci', line: 2, background: false },
    { text: 'npm start', line: 2, background: false },
    { text: `sql "a && 'b' # c\nd"`, background: true },
    { text: 'cat $(x)', line: 7, background: false },
  ])
})

test('commands of blocks and sentences come in the order of the document, and mentions are none', () => {
  const text = `Run \`bin/mentor-expiry sql "select\n1"\`, not \`npm start\`.\n${block('sql', 'select 2;\nselect 3;')}Then \`select 4\`.\n`
  expect(texts(text)).toEqual(['bin/mentor-expiry sql "select 1"', 'select 2;\nselect 3;', 'select 4'])
})

test('an output belongs to the command before it', () => {
  const [command] = readCommands(`${block('sh', 'true')}${block('text', 'a\nb')}`)
  expect(command).toMatchObject({ text: 'true', shown: 'a\nb' })
})

test.each([
  ['nobody executes a block of bash', block('bash', 'true')],
  ['a block with commands has no language', block('', 'bin/mentor-expiry up')],
  ['an output stands before any command', block('text', 'a')],
])('%s: that is said with its line', (fault, markdown) => {
  expect(() => readCommands(`# A\n${markdown}`)).toThrow(`line 3: ${fault}`)
})

test('a picture is no command', () => {
  expect(texts(block('', ' a ──▶ b'))).toEqual([])
})
