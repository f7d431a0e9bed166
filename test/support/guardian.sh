#!/bin/sh
# Usage: guardian.sh FOLDER
# Standard input is held open by the process that owns FOLDER and the servers that work in it. Ends after the line
# "done". When the owner is gone without having said so, kills every process that works in FOLDER, and removes FOLDER.
trap '' HUP INT TERM
if read -r word && [ "$word" = done ]; then exit 0; fi
folder=$1
if [ -d /proc/self ]; then
  found=1
  while [ "$found" = 1 ]; do
    found=0
    for link in /proc/[0-9]*/cwd; do
      case $(readlink "$link" 2> /dev/null) in
        "$folder" | "$folder"/*)
          pid=${link#/proc/}
          kill -KILL "${pid%/cwd}" 2> /dev/null && found=1
          ;;
      esac
    done
  done
else
  for file in "$folder"/*.pid "$folder"/*/*.pid; do
    [ -f "$file" ] && kill -KILL "$(head -n 1 "$file")" 2> /dev/null
  done
fi
rm -rf "$folder"
