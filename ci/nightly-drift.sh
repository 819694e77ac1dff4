#!/usr/bin/env bash
# Is the gateway what these files say, by the snapshot that the controller published last?
#   ci/nightly-drift.sh PROGRAM FOLDER BRANCH OUT
# Exits 0 when it is, 1 when it is not or when nobody can tell. Asks no gateway and needs no secret.
set -euo pipefail
# shellcheck source=ci/say.sh
. "$(dirname "${BASH_SOURCE[0]}")/say.sh"
program="$1" folder="$2" branch="$3" out="$4"

failed() {
  summary "$1" "${2:-}"
  annotate error Drift "$1"
  exit 1
}

mkdir -p "$out"
git fetch --quiet --no-tags origin "+refs/heads/$branch:refs/remotes/origin/$branch" 2> /dev/null || true
if ! git show "refs/remotes/origin/$branch:snapshot.json" > "$out/snapshot.json" 2> /dev/null; then
  rm -f "$out/snapshot.json"
  failed "Nobody can tell: no snapshot is on the branch $branch. Set ASPIRE_GITOPS_PUBLISH_BRANCH of the controller to $branch, or take the job drift away."
fi
hours=$(((${NOW_S:-$(date +%s)} - $(git log -1 --format=%ct "refs/remotes/origin/$branch")) / 3600))

code=0
"$program" plan "$folder" --snapshot "$out/snapshot.json" --detailed-exitcode -o "$out/plan.json" > "$out/plan.txt" 2>&1 || code=$?
shown "$out/plan.txt"
case "$code" in
  0) ;;
  2) failed "The gateway is not what $folder says: somebody changed it by hand, or the controller does not apply. The snapshot is $hours hours old." "$out/plan.txt" ;;
  *) failed "There is no plan: the files hold errors, the plan is refused, or the snapshot is not of this version." "$out/plan.txt" ;;
esac
summary "The gateway is what $folder says, by a snapshot that is $hours hours old." "$out/plan.txt"
