# shellcheck shell=bash
# Sourced by the scripts beside it: how a job says what it found.

# What others wrote in the files must not speak to the runner.
shown() {
  local quiet
  quiet="$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"
  echo "::stop-commands::$quiet"
  cat -- "$1"
  echo
  echo "::$quiet::"
}

# summary TITLE [FILE]: a heading in the job's summary, and the end of a file as it is.
summary() {
  {
    echo "### $1"
    echo
    if [ -n "${2:-}" ]; then tail -c 60000 -- "$2" | sed 's/^/    /' && echo; fi
  } >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
}
