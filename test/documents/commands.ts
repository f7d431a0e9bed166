/** A command that a document tells its reader to run. `shown` is the output that the document shows for it. */
export type Command = {
  readonly language: 'sh' | 'sql'
  readonly text: string
  readonly line: number
  /** It ends in `&`: it goes on while the next ones run. */
  readonly background: boolean
  readonly shown: string | undefined
}

/** What makes a code span in a sentence a command, and not a mention of one. */
const spans: [start: RegExp, language: Command['language']][] = [
  [/^(bin\/mentor-expiry|npm start --|cat|openssl|ssh|systemctl) /, 'sh'],
  [/^(select|insert|update|delete|grant|alter|create) /, 'sql'],
]

const fence = /^```([^\n]*)\n(.*?)^```$/gms

/**
 * The commands of a Markdown document, in its order: those of its `sh` and `sql` blocks, and code spans that are whole
 * commands. A `text` block is the output of the command before it.
 * @throws Error where a block has another language, or none and commands in it.
 */
export function readCommands(markdown: string): Command[] {
  const commands: Command[] = []
  const lineAt = (index: number) => markdown.slice(0, index).split('\n').length
  let end = 0
  for (const { 0: whole, 1: language = '', 2: content = '', index } of markdown.matchAll(fence)) {
    commands.push(...readSpans(markdown.slice(end, index), lineAt(end)))
    end = index + whole.length
    const line = lineAt(index) + 1
    switch (language) {
      case 'sh':
        commands.push(...splitShell(content, line))
        break
      case 'sql':
        commands.push({ language, text: content.trim(), line, background: false, shown: undefined })
        break
      case 'text':
        commands.push({ ...lastOf(commands, line), shown: content.trimEnd() })
        break
      case 'json':
        break // no command; see readExamples
      case '':
        if (!/^ *(\$|bin\/|npm |export |select |insert )/m.test(content)) break
        throw new Error(`line ${line}: a block with commands has no language`)
      default:
        throw new Error(`line ${line}: nobody executes a block of ${language}`)
    }
  }
  return [...commands, ...readSpans(markdown.slice(end), lineAt(end))]
}

/** The `json` blocks of a Markdown document: what crosses a process, as an example. */
export function readExamples(markdown: string): string[] {
  return [...markdown.matchAll(fence)].flatMap(({ 1: language, 2: content = '' }) =>
    language === 'json' ? [content] : [],
  )
}

function lastOf(commands: Command[], line: number): Command {
  const last = commands.pop()
  if (last === undefined) throw new Error(`line ${line}: an output stands before any command`)
  return last
}

function readSpans(prose: string, firstLine: number): Command[] {
  return [...prose.matchAll(/`([^`]+)`/g)].flatMap(({ 1: span = '', index }) => {
    const text = span.replaceAll('\n', ' ')
    const language = spans.find(([start]) => start.test(text))?.[1]
    const line = firstLine + prose.slice(0, index).split('\n').length - 1
    return language === undefined ? [] : [{ language, text, line, background: false, shown: undefined }]
  })
}

const piece = /(?<quoted>'[^']*'|"[^"]*")|(?<comment>(?<=^|\s)#[^\n]*)|(?<end>\n|&&)|(?<other>[\s\S])/g

/** One command a line, or between two `&&`; without its comment. */
function splitShell(content: string, firstLine: number): Command[] {
  const commands: Command[] = []
  let text = ''
  let line = firstLine
  const close = () => {
    const background = /&\s*$/.test(text)
    const trimmed = text.replace(/&\s*$/, '').trim()
    if (trimmed !== '') commands.push({ language: 'sh', text: trimmed, line, background, shown: undefined })
    text = ''
  }
  for (const { 0: found, groups = {} } of content.matchAll(piece)) {
    if (groups.end !== undefined) close()
    else if (groups.comment === undefined) text += found
    line += found.split('\n').length - 1
  }
  close()
  return commands
}
