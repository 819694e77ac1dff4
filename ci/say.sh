# shellcheck shell=bash
# Sourced by the scripts beside it: how a job says what it found.

# shown FILE: what others wrote in the files must not speak to GitHub's runner.
shown() {
  if [ -z "${GITHUB_ACTIONS:-}" ]; then cat -- "$1" && return; fi
  local quiet
  quiet="$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"
  echo "::stop-commands::$quiet"
  cat -- "$1"
  echo
  echo "::$quiet::"
}

# annotate LEVEL TITLE TEXT: error or warning, beside the job where the forge can.
annotate() {
  if [ -n "${GITHUB_ACTIONS:-}" ]; then echo "::$1 title=$2::$3"; else echo "$1: $2: $3"; fi
}

# summary TITLE [FILE]: a heading in the job's summary, and the end of a file as it is.
summary() {
  {
    echo "### $1"
    echo
    if [ -n "${2:-}" ]; then tail -c 60000 -- "$2" | sed 's/^/    /' && echo; fi
  } >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
}
