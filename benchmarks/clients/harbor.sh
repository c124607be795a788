#!/usr/bin/env bash
# Harbor: lint, the oracle (1), an agent that does nothing (0), an oracle with a wrong patch (0), and the first
# judged again from its records.
. "$(dirname "$0")/venv.sh"

# Its newest release may want a certifi that an index does not have yet; any recent one does.
printf 'certifi>=2026\n' >"$out/override.txt"
client harbor 3.12 'harbor>=0.25' --override "$out/override.txt"
with_compose

"$bin/harbor" lint "$dataset"/tasks/*/ && told harbor "lint: clean"

score() {
    "$bin/python" - "$1/result.json" <<'P'
import json, sys
for found in json.load(open(sys.argv[1]))["stats"]["evals"].values():
    mean = {key: value for key, value in found["metrics"][0].items() if key in ("reward", "resolved", "fault")}
    print(f"errors {found['n_errors']}, means {mean}")
P
}
cd "$out"
mkdir wrong && cp -r "$dataset/tasks" wrong/
for patch in wrong/tasks/*/solution/gold.patch; do
    printf '%s\n' 'diff --git a/wrong.txt b/wrong.txt' 'new file mode 100644' '--- /dev/null' '+++ b/wrong.txt' \
        '@@ -0,0 +1 @@' '+wrong' >"$patch"
done
run() { # NAME TASKS AGENT
    "$bin/harbor" run -p "$2" -a "$3" -e docker -n 1 -y -q -o "$out" --job-name "$1" >"$1.log" 2>&1 ||
        { tail -n 20 "$1.log"; told harbor "$1: failed"; return; }
    told harbor "$1: $(score "$1")"
}
run oracle "$dataset/tasks" oracle
run nop "$dataset/tasks" nop
run wrong-oracle wrong/tasks oracle
"$bin/harbor" job regrade "$out/oracle" -p "$dataset/tasks" >regrade.log 2>&1 &&
    told harbor "regrade: done" || { tail -n 5 regrade.log; told harbor "regrade: failed"; }
