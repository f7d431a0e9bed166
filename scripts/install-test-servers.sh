#!/usr/bin/env bash
# Installs on Debian what the tests start for themselves: PostgreSQL 15 with pg_cron and plpgsql_check, Redis, PgBouncer
# and Chromium. Does nothing where they are there. Leaves no service running: the tests bring their own data and ports.
set -euo pipefail

postgres=/usr/lib/postgresql/15
missing=()
[ -x "$postgres/bin/postgres" ] || missing+=(postgresql-15)
[ -e "$postgres/lib/pg_cron.so" ] || missing+=(postgresql-15-cron)
[ -e "$postgres/lib/plpgsql_check.so" ] || missing+=(postgresql-15-plpgsql-check)
command -v redis-server > /dev/null || missing+=(redis-server)
[ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
[ -x /usr/bin/chromium ] || missing+=(chromium)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ ! -e /etc/debian_version ] || ! command -v apt-get > /dev/null; then
  echo "This is not Debian: install PostgreSQL 15 with pg_cron, redis-server, pgbouncer and chromium by its own means." >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || { echo "Run this as root, or install sudo: ${missing[*]} must be installed." >&2; exit 1; }
  as_root=(sudo)
fi

# A new PostgreSQL package would create and start a cluster on port 5432, a new Redis package start one on 6379.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d/no-cluster-for-tests.conf
remove_own_settings() { "${as_root[@]}" rm -f "${own_settings[@]}"; }
own_settings=("$clusters")
trap remove_own_settings EXIT
"${as_root[@]}" mkdir -p "$(dirname "$clusters")"
echo 'create_main_cluster = false' | "${as_root[@]}" tee "$clusters" > /dev/null
if [ ! -e "$policy" ]; then
  own_settings+=("$policy")
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" > /dev/null
  "${as_root[@]}" chmod +x "$policy"
fi

install_missing() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -qq "${missing[@]}" > /dev/null
}
# An old package list names files that the archive no longer has.
install_missing 2> /dev/null || { "${as_root[@]}" apt-get update -qq && install_missing; }

# Not at the next boot either.
for service in redis-server pgbouncer; do
  if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" $service "* ]]; then
    "${as_root[@]}" systemctl disable --quiet "$service"
  fi
done
