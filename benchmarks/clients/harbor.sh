#!/usr/bin/env bash
# Harbor: lint, the oracle (1), an agent that does nothing (0), and both judged again from their records.
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
for agent in oracle nop; do
    "$bin/harbor" run -p "$dataset/tasks" -a $agent -e docker -n 1 -y -q -o "$out" --job-name $agent >$agent.log 2>&1 ||
        { tail -n 20 $agent.log; told harbor "$agent: failed"; continue; }
    told harbor "$agent: $(score $agent)"
done
"$bin/harbor" job regrade "$out/oracle" -p "$dataset/tasks" >regrade.log 2>&1 &&
    told harbor "regrade: done" || { tail -n 5 regrade.log; told harbor "regrade: failed"; }
