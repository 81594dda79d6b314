#!/usr/bin/env bash
# Puts what `mvc diff` says of a pull request where its reviewers read it: into the job's summary, and into one comment that
# is kept up to date. Ends with the exit code of `mvc diff`, last of all, so that the comment is there when --fail-on fails.
#
# Everything comes in variables, nothing is put into this text: BASE (required), PROJECT, FAIL_ON, COMMENT (true or false),
# PULL_REQUEST (its number), GH_TOKEN, and the runner's GITHUB_REPOSITORY, GITHUB_STEP_SUMMARY, RUNNER_TEMP.
set -euo pipefail

readonly comment="${RUNNER_TEMP:?}/mvc-diff.md"
readonly query='query($owner: String!, $name: String!, $number: Int!, $endCursor: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      comments(first: 100, after: $endCursor) {
        pageInfo { hasNextPage endCursor }
        nodes { url viewerDidAuthor body }
      }
    }
  }
}'
# Ours alone: anyone can write a comment that begins with our mark.
readonly ours='.data.repository.pullRequest.comments.nodes[]
  | select(.viewerDidAuthor and (.body | startswith(env.MARKER)))
  | .url | capture("issuecomment-(?<id>[0-9]+)$").id'

# An annotation of the run: its kind, then its text.
annotate() {
  local text=${2//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '::%s title=mvc diff::%s\n' "$1" "${text//$'\n'/%0A}"
}

compare() {
  local options=(--format markdown)
  if [ -n "${FAIL_ON:-}" ]; then options+=(--fail-on "$FAIL_ON"); fi
  # Whoever wrote the files has no business with the token.
  env -u GH_TOKEN mvc --project "${PROJECT:-.}" diff "${options[@]}" -- "$BASE...HEAD" >"$comment"
}

# The number of the comment that an earlier run wrote; nothing if there is none.
earlier_comment() {
  local found
  found=$(
    MARKER=$(head -n 1 "$comment") gh api graphql --paginate -f query="$query" -f owner="${GITHUB_REPOSITORY%%/*}" \
      -f name="${GITHUB_REPOSITORY#*/}" -F number="$PULL_REQUEST" --jq "$ours"
  ) || return
  printf '%s' "${found%%$'\n'*}"
}

# Without a difference there is nothing to say, unless something else was said before.
publish() {
  local number
  number=$(earlier_comment) || return
  if [ -n "$number" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$number" -F body=@"$comment"
  elif [[ $(sed -n 3p "$comment") != *': no differences' ]]; then
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" -F body=@"$comment"
  fi
}

if [ -z "${BASE:-}" ]; then
  annotate error 'there is nothing to compare with: run this on pull_request, or give the input base'
  exit 2
fi

code=0
compare || code=$?
if [ "$code" -ne 0 ] && [ "$code" -ne 3 ]; then
  annotate error "mvc diff ended with exit code $code; the log says why"
  exit "$code"
fi
cat "$comment" >>"$GITHUB_STEP_SUMMARY"

if [ "${COMMENT:-true}" = true ] && [ -z "${PULL_REQUEST:-}" ]; then
  annotate notice 'this is no pull request: the summary of the job has the result'
elif [ "${COMMENT:-true}" = true ] && ! refusal=$(publish 2>&1); then
  annotate warning "the comment could not be written, the summary of the job has it. A pull request from a fork has a \
token that only reads; any other needs the permission pull-requests: write. GitHub said: $refusal"
fi

if [ "$code" -eq 3 ]; then
  annotate error "there are differences that must not be: ${FAIL_ON:-}"
fi
exit "$code"
