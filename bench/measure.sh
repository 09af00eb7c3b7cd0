# shellcheck shell=bash
# Runs a command and remembers the median of its seconds and the peak of its memory; prints the table. Sourced by run, which
# sets work (a scratch folder) and HOSTS.

declare -A seconds memory

# measure TOOL WHAT COMMAND…: several times the same gives the median.
measure() {
  local tool=$1 what=$2 start end
  shift 2
  start=$EPOCHREALTIME
  # shellcheck disable=SC2154
  /usr/bin/time -o "$work/time" -f '%M' "$@" >"$work/output" 2>&1 ||
    { tail -n 20 "$work/output" >&2 && die "$tool failed at: $what" "its last lines are above"; }
  end=$EPOCHREALTIME
  seconds[$tool,$what]+=" $(awk -v a="$start" -v b="$end" 'BEGIN {printf "%.3f", b - a}')"
  memory[$tool]=$(printf '%s\n' "${memory[$tool]:-0}" "$(tail -n 1 "$work/time")" | sort -n | tail -n 1)
  say "$tool $what: $(tr ' ' '\n' <<<"${seconds[$tool,$what]}" | tail -n 1) s"
}

# A run that changes something is no run that changes nothing.
expect_no_change() {
  if grep -E 'changed=[1-9]' "$work/output" >&2; then die 'the second run changed something'; fi
}

# close_connections: ends the ssh masters that these runs left open, so that the next is a cold start.
close_connections() {
  local socket
  while read -r socket; do
    ssh -o ControlPath="$socket" -O exit host 2>/dev/null || true
  done < <(find "$work/ansible-cp" "$work/run" -type s 2>/dev/null)
}

median() { tr ' ' '\n' <<<"$1" | awk 'NF' | sort -n | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'; }

table() {
  local what title a d
  printf '\n%-44s %10s %10s %8s\n' "${#HOSTS[@]} hosts, $(nproc) cores for all; seconds" ansible deploy ratio
  while IFS='|' read -r what title; do
    a=$(median "${seconds[ansible,$what]:-}")
    d=$(median "${seconds[deploy,$what]:-}")
    [ -n "$a$d" ] || continue
    printf '%-44s %10s %10s %8s\n' "$title" "${a:--}" "${d:--}" "$(awk -v a="$a" -v d="$d" 'BEGIN {if (a && d) printf "%.0fx", a / d; else print "-"}')"
  done <<'ROWS'
noop-cold|100 no-op tasks, cold start
noop-open|100 no-op tasks, connection open
first|provisioning, the first run
again-cold|provisioning, nothing to change, cold start
again-open|provisioning, nothing to change, open
deploy-1|first deploy of a commit, connection open
rollback|rollback to a release that is there, cold
read|reading 100 roles and 3,000 tasks
list|--list-tasks of them
loop|1,000 turns of a loop, nothing to change
ROWS
  printf '%-44s %10s %10s\n' 'peak memory of the largest process, MB' "$(megabytes ansible)" "$(megabytes deploy)"
}

megabytes() { awk -v k="${memory[$1]:-}" 'BEGIN {if (k) printf "%.0f", k / 1024; else print "-"}'; }
