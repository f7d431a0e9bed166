#!/usr/bin/env bash
# Runs the main job and the pipeline's tests once on Node 24, which is fetched from the npm registry into a folder of its
# own: as a dependency it would put itself before the Node that everything else runs on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=$(mktemp -d)
chmod 755 "$folder"
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error node@24 > /dev/null
node24=$folder/node_modules/.bin
export PATH=$node24:$PATH
case $(node --version) in v24.*) ;; *) echo "this is not Node 24: $(node --version)" >&2; exit 1 ;; esac

root=$PWD
mkdir "$folder/site"
(cd "$folder/site" && "$root/bin/mentor-expiry" up --once > account.txt && grep -q '^Reminded (4):' account.txt)
node node_modules/vitest/vitest.mjs run --project postgres-18 test/pipeline/whole-way.test.ts
