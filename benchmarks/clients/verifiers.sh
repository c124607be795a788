#!/usr/bin/env bash
# verifiers: our taskset (gold and untouched, judged by `Task.grade`), then its own Harbor taskset untouched.
. "$(dirname "$0")/venv.sh"

client verifiers 3.12 'verifiers>=0.4'
with_envfactory
cd "$out"
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
