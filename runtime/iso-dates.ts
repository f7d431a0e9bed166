/**
 * What each connection says first: dates come as their parsers read them, whatever the host has set for its database or for
 * our login. PgBouncer keeps this setting for its client in transaction mode as well.
 */
export const isoDates = `set datestyle to 'ISO'`
