#!/usr/bin/env bash
# verifiers: `vf-validate` of our taskset, then `vf-eval` with a scripted model, of our taskset and of its own
# Harbor taskset: gold 1, empty 0.  With a folder of patches only the judgement of each by the Harbor taskset.
. "$(dirname "$0")/venv.sh"

client verifiers 3.12 'verifiers[harbor]>=0.4' "$(newer_certifi)"
with_envfactory
cd "$out"
rollouts() { "$bin/python" "$here/modules/verifiers_rollouts.py" "$dataset" "$@"; }
if [ -n "$patches" ]; then
    rollouts "$patches" harbor
    exit
fi

counts() {
    "$bin/python" -c "
import json, sys
text = open(sys.argv[1]).read()
found = json.loads(text[text.index('{'):])
print({check: {name: count for name, count in of.items() if count} for check, of in found['checks'].items()})" "$1"
}
"$bin/vf-validate" envfactory-tasks --taskset.dataset "$dataset" --runtime.type docker >ours.log 2>ours.err ||
    tail -n 20 ours.err
told verifiers "adapter: $(counts ours.log)"
patch_folder gold empty
for taskset in envfactory-tasks harbor; do
    rollouts "$out/patches" $taskset | expected "vf-eval $taskset"
done
