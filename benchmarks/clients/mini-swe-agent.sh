#!/usr/bin/env bash
# mini-swe-agent with its deterministic model: one run per task that applies the gold patch and submits;
# what it submits is judged by `envfactory grade`.
. "$(dirname "$0")/venv.sh"

client mini 3.12 mini-swe-agent
export MSWEA_SILENT_STARTUP=1 MSWEA_GLOBAL_CONFIG_DIR=$out MSWEA_CONFIGURED=true MSWEA_COST_TRACKING=ignore_errors
mkdir "$out/rows" && cp "$dataset/dataset.jsonl" "$out/rows/test.jsonl"
for task in "$dataset"/tasks/*/; do
    id=$(basename "$task")
    "$bin/python" - "$task" "$out/$id.yaml" <<'P'
import sys, time
from pathlib import Path
import yaml

patch = Path(sys.argv[1], "solution/gold.patch").read_text()
apply = f"git apply - <<'END_OF_GOLD'\n{patch}\nEND_OF_GOLD"
submit = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git add -A && git diff --cached"
outputs = [
    {"role": "assistant", "content": command, "extra": {"actions": [{"command": command}], "cost": 0.0, "timestamp": time.time()}}
    for command in (apply, submit)
]
Path(sys.argv[2]).write_text(yaml.safe_dump({"model": {"model_class": "deterministic", "model_name": "scripted", "outputs": outputs}}))
P
    "$bin/mini-extra" swebench --subset "$out/rows" --split test --filter "^$id\$" -w 1 \
        -c swebench_backticks.yaml -c "$out/$id.yaml" -o "$out/$id" >"$out/$id.log" 2>&1 || tail -n 20 "$out/$id.log"
    "$bin/python" -c "import json,sys; sys.stdout.write(json.load(open(sys.argv[1]))[sys.argv[2]]['model_patch'])" \
        "$out/$id/preds.json" "$id" >"$out/$id.patch"
    told mini-swe-agent "$id: $("$root/.venv/bin/envfactory" grade "$task" --patch "$out/$id.patch" | head -n 1)"
done
