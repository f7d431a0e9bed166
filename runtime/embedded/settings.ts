/** The name of our settings file in the data directory, which postgresql.conf includes last. */
export const settingsFile = 'mentor-expiry.conf'

/** Who may connect: this machine over loopback, with the password. There is no socket, so no other line is needed. */
export const hostBasedAuthentication = 'host all all 127.0.0.1/32 scram-sha-256\n'

/**
 * Small, durable, and reachable from this machine only. No socket: its path has a length limit, and a folder that
 * everybody may enter. An error's statement and detail could name a person, so that the log has neither.
 */
export const settings = `# Written at each start by mentor-expiry; see runtime/embedded/settings.ts
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = '64MB'
wal_level = 'minimal'
max_wal_senders = 0
min_wal_size = '32MB'
max_wal_size = '256MB'
fsync = on
synchronous_commit = on
full_page_writes = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] '
log_checkpoints = off
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
`
