#!/usr/bin/env bash
# Harbor: lint, the oracle (1), an agent that does nothing (0), an oracle with a wrong patch (0), and the first
# judged again from its records.  With a folder of patches only the judgement of each, by its Python API.
. "$(dirname "$0")/venv.sh"

client harbor 3.12 'harbor>=0.25' "$(newer_certifi)"
with_compose
cd "$out"
if [ -n "$patches" ]; then
    "$bin/python" "$here/modules/harbor_trials.py" "$dataset" "$patches"
    exit
fi

"$bin/harbor" lint "$dataset"/tasks/*/ && told harbor "lint: clean"

score() { # JOB REWARD: the means of a job; fails unless the reward is that and no trial broke
    "$bin/python" - "$1/result.json" "$2" <<'P'
import json, sys
evals = json.load(open(sys.argv[1]))["stats"]["evals"].values()
for found in evals:
    mean = {key: value for key, value in found["metrics"][0].items() if key in ("reward", "resolved", "fault")}
    print(f"errors {found['n_errors']}, means {mean}")
sys.exit(not evals or any(one["n_errors"] or one["metrics"][0]["reward"] != float(sys.argv[2]) for one in evals))
P
}
mkdir wrong && cp -r "$dataset/tasks" wrong/
patch_folder wrong
for patch in patches/wrong/*.patch; do
    cp "$patch" "wrong/tasks/$(basename "$patch" .patch)/solution/gold.patch"
done
failed=0
run() { # NAME TASKS AGENT REWARD
    "$bin/harbor" run -p "$2" -a "$3" -e docker -n 1 -y -q -o "$out" --job-name "$1" >"$1.log" 2>&1 &&
        told harbor "$1: $(score "$1" "$4")" && score "$1" "$4" >/dev/null && return
    failed=1
    tail -n 20 "$1.log"
    told harbor "$1: failed"
}
run oracle "$dataset/tasks" oracle 1
run nop "$dataset/tasks" nop 0
run wrong-oracle wrong/tasks oracle 0
if "$bin/harbor" job regrade "$out/oracle" -p "$dataset/tasks" >regrade.log 2>&1; then
    told harbor "regrade: done"
else
    failed=1
    tail -n 5 regrade.log
    told harbor "regrade: failed"
fi
exit $failed
