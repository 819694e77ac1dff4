#!/usr/bin/env bash
# Are the exchange rate and every other date in these files good today, and in some days?
#   ci/nightly-rates.sh PROGRAM FOLDER DAYS
# Exits 1 when they are not today; only warns of what will be wrong within DAYS days.
set -euo pipefail
# shellcheck source=ci/say.sh
. "$(dirname "${BASH_SOURCE[0]}")/say.sh"
program="$1" folder="$2" days="$3"
text="$(mktemp)"
trap 'rm -f "$text"' EXIT
today="${TODAY:-$(date -u +%F)}"
ahead="$(date -u -d "$today + $days days" +%F)"

if ! "$program" validate "$folder" --today "$today" > "$text" 2>&1; then
  shown "$text"
  summary "By $today the files hold errors; a rate may have become too old" "$text"
  annotate error Rates "by $today the files hold errors; the summary says which"
  exit 1
fi
if ! "$program" validate "$folder" --today "$ahead" > "$text" 2>&1; then
  shown "$text"
  summary "Good today; by $ahead the files will hold errors. Renew them in a pull request" "$text"
  annotate warning Rates "good today; by $ahead the files will hold errors, see the summary"
  exit 0
fi
summary "Every rate and date is good today and on $ahead"
