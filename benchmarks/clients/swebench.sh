#!/usr/bin/env bash
# swebench: the rows with gold, empty and wrong predictions.
. "$(dirname "$0")/venv.sh"

client swebench 3.12 'swebench>=5'
cd "$out"
"$bin/python" - "$dataset/dataset.jsonl" <<'P'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
wrong = "diff --git a/wrong.txt b/wrong.txt\nnew file mode 100644\n--- /dev/null\n+++ b/wrong.txt\n@@ -0,0 +1 @@\n+wrong\n"
for name, patch in (("empty", ""), ("wrong", wrong)):
    lines = [{"instance_id": row["instance_id"], "model_name_or_path": name, "model_patch": patch} for row in rows]
    json.dump(lines, open(f"{name}.json", "w"))
P
for kind in gold empty wrong; do
    which=(-p $kind.json)
    [ $kind = gold ] && which=(--gold)
    "$bin/swebench" eval "$dataset/dataset.jsonl" "${which[@]}" --run-id $kind >$kind.log 2>&1 || tail -n 20 $kind.log
    told swebench "$kind: $(grep -E 'Instances (submitted|resolved|with errors|with empty)' $kind.log | tr '\n' ' ')"
done
