#!/usr/bin/env bash
# The main job on the sample repository: generate it, run the factory, grade one task twice.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh all
bin=${VENV:-.venv}/bin
demo=.demo

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

PATH=$(cd "$bin" && pwd):$PATH
export PATH

run python -m benchmarks.sample "$demo/wordkit"
run envfactory run "$demo/wordkit" --workspace "$demo/envfactory-work"
run envfactory status --workspace "$demo/envfactory-work"

tasks=("$demo"/envfactory-work/dataset/tasks/*/)
[ -d "${tasks[0]}" ] || { echo "no task came out; see the status above" >&2; exit 1; }
printf '\nTasks (%d):\n' "${#tasks[@]}"
printf '  %s\n' "${tasks[@]}"

task=${tasks[0]%/}
printf '\nThe gold patch of the first one, then an empty patch:\n'
run envfactory grade "$task" --patch "$task/solution/gold.patch"
run envfactory grade "$task" --patch - </dev/null

cat <<END

Where to look:
  $task/instruction.md       what an agent is told
  $task/environment/         Dockerfile and its build context
  $task/tests/reward_spec.json   which tests decide
  $task/provenance.json      where every choice comes from
  $demo/envfactory-work/dataset/dataset.jsonl   one row per task
  $demo/envfactory-work/tasks/          logs of every build and test run
  envfactory inspect ${task##*/} --workspace $demo/envfactory-work
END
