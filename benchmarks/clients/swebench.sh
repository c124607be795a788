#!/usr/bin/env bash
# swebench: the rows with gold, empty and wrong predictions, and the checks of the task repository.  With a
# folder of patches only the judgement of each.
. "$(dirname "$0")/venv.sh"

client swebench 3.12 'swebench>=5'
cd "$out"
if [ -n "$patches" ]; then
    "$bin/python" "$here/modules/swebench_verdicts.py" "$dataset/dataset.jsonl" "$patches"
    exit
fi

failed=0
"$bin/swebench" eval "$dataset/dataset.jsonl" --gold --run-id gold -j 2 >gold.log 2>&1 || { tail -n 20 gold.log; failed=1; }
told swebench "--gold: $(grep -E 'Instances (submitted|resolved|with errors)' gold.log | tr '\n' ' ')"
patch_folder empty wrong
"$bin/python" "$here/modules/swebench_verdicts.py" "$dataset/dataset.jsonl" patches | expected swebench || failed=1

workspace=$(dirname "$dataset")
if [ -f "$workspace/envfactory.db" ]; then
    "$root/.venv/bin/envfactory" export --format swebench-repo --to repository -w "$workspace" --quiet
    for check in check build; do
        "$bin/swebench" dataset $check repository >$check.log 2>&1 || { tail -n 20 $check.log; failed=1; }
        told swebench "task repository, $check: $(tail -n 1 $check.log)"
    done
else
    told swebench "task repository: not checked, there is no workspace beside the dataset"
fi
exit $failed
