import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'

export type TemplateOptions = {
  /** The superuser's URL of the server's database `postgres`. */
  serverUrl: string
  /** The folder whose content gives the template its name. */
  folder: string
  applySchema: (options: { connectionString: string }) => Promise<unknown>
}

/**
 * Makes the database that tests clone, `template_<hash of the folder>`, and seals it: a template that nobody can connect
 * to. Returns its name. What exists under that name already is taken as it is.
 */
export async function buildTemplate({ serverUrl, folder, applySchema }: TemplateOptions): Promise<string> {
  const name = `template_${await hashFolder(folder)}`
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_catalog.pg_database where datname = $1', [name])
    if (rowCount === 1) return name
    const draft = `${name}_draft`
    await client.query(`drop database if exists ${draft}`)
    await client.query(`create database ${draft}`)
    await applySchema({ connectionString: urlOfDatabase(serverUrl, draft) })
    await client.query(`alter database ${draft} with is_template true allow_connections false`)
    await client.query(`alter database ${draft} rename to ${name}`)
    return name
  } finally {
    await client.end()
  }
}

/** The same server's URL with another database. */
export function urlOfDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

/** Twelve hexadecimal digits over the paths and contents of all files below a folder. */
async function hashFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hash = createHash('sha256')
  for (const file of files.sort()) {
    const content = await readFile(file)
    hash.update(`${file.slice(folder.length)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex').slice(0, 12)
}
