import type { Request } from '../wire/message.ts'
import type { Options } from './query.ts'

/** What the context of many rows names. */
export function contextName(entitySet: string, { select }: Options): string {
  return select === undefined ? entitySet : `${entitySet}(${select.join(',')})`
}

/** The same query with another token in place of the one it had. */
export function linkWith(request: Request, token: string): string {
  const kept = request.query.split('&').filter((pair) => pair !== '' && !/^(\$|%24)(skiptoken|deltatoken)=/i.test(pair))
  return `${request.origin}${request.path}?${[...kept, token].join('&')}`
}
