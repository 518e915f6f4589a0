#!/bin/sh
# sh follow.sh FOLDER FEED: prints what the log has after the number in the file `after`, an event a line.
set -eu
[ -s after ] || echo 0 > after
while :; do
  printf 'Authorization: Bearer %s\n' "$(cat "$1/token")" |
    curl --silent --show-error --fail --max-time 30 -H @- "$2?after=$(cat after)&limit=500" -o page
  jq -e --arg after "$(cat after)" '.tip.sequence >= ($after | tonumber)' page > /dev/null ||
    { echo "the log ends before $(cat after): ask the operator" >&2; exit 1; }
  [ "$(jq '.events | length' page)" -gt 0 ] || break
  jq -c '.events[]' page
  jq -r '.events[-1].sequence | tonumber' page > after.new
  mv after.new after
done
