import { escapeIdentifier } from 'pg'
import { z } from 'zod'

const Key = z.object({ name: z.string(), columns: z.array(z.string()) })
const Action = z.enum(['no action', 'restrict', 'cascade', 'set null', 'set default']).default('no action')

/** What drizzle-kit notes of the whole schema beside each migration. */
export const Snapshot = z.object({
  tables: z.record(
    z.string(),
    z.object({
      name: z.string(),
      columns: z.record(
        z.string(),
        z.object({
          name: z.string(),
          type: z.string(),
          typeSchema: z.string().optional(),
          primaryKey: z.boolean(),
          notNull: z.boolean(),
          default: z.unknown().optional(),
        }),
      ),
      indexes: z.record(
        z.string(),
        z.object({
          name: z.string(),
          isUnique: z.boolean(),
          method: z.string(),
          columns: z.array(
            z.object({
              expression: z.string(),
              isExpression: z.boolean(),
              asc: z.boolean(),
              nulls: z.enum(['first', 'last']),
            }),
          ),
          where: z.string().optional(),
        }),
      ),
      foreignKeys: z.record(
        z.string(),
        z.object({
          name: z.string(),
          tableTo: z.string(),
          columnsFrom: z.array(z.string()),
          columnsTo: z.array(z.string()),
          onDelete: Action,
          onUpdate: Action,
        }),
      ),
      compositePrimaryKeys: z.record(z.string(), Key),
      uniqueConstraints: z.record(z.string(), Key.extend({ nullsNotDistinct: z.boolean() })),
      checkConstraints: z.record(z.string(), z.object({ name: z.string(), value: z.string() })),
    }),
  ),
})
type Table = z.infer<typeof Snapshot>['tables'][string]

type Kind =
  | 'column'
  | 'not null'
  | 'default'
  | 'primary key'
  | 'unique key'
  | 'foreign key'
  | 'check'
  | 'unique index'
  | 'index'

/**
 * A column, key, check or index of a table. `traits` is what compares as text; `expressions` are SQL over the table's columns,
 * of which PostgreSQL keeps the meaning and not the text: what is checked, or the keys of an index and which rows it holds. Of
 * defaults, which a host may set otherwise, only those count without which a column must be given.
 */
export type Part = { kind: Kind; table: string; name: string; traits: string; expressions: string[] }

/** Every part of a table, as the query `live` of structure.ts tells it of a database. */
export function partsOf(table: Table): Part[] {
  const part = (kind: Kind, name: string, traits = '', expressions: string[] = []): Part => ({
    kind,
    table: table.name,
    name,
    traits,
    expressions,
  })
  const key = (kind: Kind, name: string, columns: string[], nullsNotDistinct = false) =>
    part(kind, name, indexTraits('btree', { options: columns.map(() => 0), nullsNotDistinct }), [
      ...columns.map(escapeIdentifier),
      'true',
    ])
  const columns = Object.values(table.columns)
  const keyed = columns.filter(({ primaryKey }) => primaryKey).map(({ name }) => name)
  return [
    ...columns.map((column) => part('column', column.name, typeOf(column))),
    ...columns.filter(({ notNull }) => notNull).map(({ name }) => part('not null', name)),
    ...columns
      .filter((column) => column.notNull && column.default !== undefined)
      .map(({ name }) => part('default', name)),
    ...(keyed.length > 0
      ? [key('primary key', `${table.name}_pkey`, keyed)]
      : Object.values(table.compositePrimaryKeys).map(({ name, columns }) => key('primary key', name, columns))),
    ...Object.values(table.uniqueConstraints).map(({ name, columns, nullsNotDistinct }) =>
      key('unique key', name, columns, nullsNotDistinct),
    ),
    ...Object.values(table.foreignKeys).map(({ name, tableTo, columnsFrom, columnsTo, onDelete, onUpdate }) =>
      part(
        'foreign key',
        name,
        `(${columnsFrom}) to ${tableTo} (${columnsTo}) ${actions[onDelete]}${actions[onUpdate]}s`,
      ),
    ),
    ...Object.values(table.checkConstraints).map(({ name, value }) =>
      part('check', name, '', [value.replaceAll(`"expiry"."${table.name}".`, `"${table.name}".`)]),
    ),
    ...Object.values(table.indexes).map(({ name, isUnique, method, columns, where }) =>
      part(
        isUnique ? 'unique index' : 'index',
        name,
        indexTraits(method, { options: columns.map(({ asc, nulls }) => (asc ? 0 : 1) + (nulls === 'first' ? 2 : 0)) }),
        [
          ...columns.map(({ expression, isExpression }) => (isExpression ? expression : escapeIdentifier(expression))),
          where ?? 'true',
        ],
      ),
    ),
  ]
}

/** As PostgreSQL prints it. */
function typeOf({ type, typeSchema }: Table['columns'][string]): string {
  if (typeSchema !== undefined) return `${typeSchema}.${type}`
  return type === 'time' ? 'time without time zone' : type.replace(', ', ',')
}

/** The options are those of pg_index.indoption, a column each. */
function indexTraits(
  method: string,
  { options, nullsNotDistinct = false }: { options: number[]; nullsNotDistinct?: boolean },
) {
  return [method, ...options, ...(nullsNotDistinct ? ['nulls not distinct'] : [])].join(' ')
}

/** As pg_constraint has them. */
const actions = { 'no action': 'a', restrict: 'r', cascade: 'c', 'set null': 'n', 'set default': 'd' } as const
