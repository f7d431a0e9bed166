import { sep } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders whose files take minutes or most of one, nearly all of it waiting: the longest begin first. */
const slow = ['bench', 'cron', 'documents', 'drills', 'dashboard', 'pipeline', 'up', 'embedded']

/**
 * Without a memory of earlier runs, as on a fresh machine, vitest begins with the largest files, and a short file that
 * takes long would run alone in the end.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rest = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const place = slow.findIndex((folder) => moduleId.includes(`${sep}test${sep}${folder}${sep}`))
      return place === -1 ? slow.length : place
    }
    return rest.sort((one, other) => rank(one) - rank(other))
  }
}
