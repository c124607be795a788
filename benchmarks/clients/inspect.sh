#!/usr/bin/env bash
# inspect-ai with inspect-harbor: the oracle. inspect-ai wants a newer engine than it needs: where the engine is
# older, a docker command on PATH answers its question about the version, and passes everything else on.
. "$(dirname "$0")/venv.sh"

client inspect 3.12 inspect-ai inspect-harbor
with_compose
real=$(command -v docker)
mkdir "$out/shim"
cat >"$out/shim/docker" <<S
#!/usr/bin/env bash
if [ "\$1" = version ] && [[ "\$*" == *json* ]]; then
    "$real" "\$@" | "$bin/python" -c '
import json, sys
found = json.load(sys.stdin)
if found.get("Server"):
    found["Server"]["Version"] = "24.0.7"
print(json.dumps(found))'
else
    exec "$real" "\$@"
fi
S
chmod +x "$out/shim/docker"
cd "$out"
PATH=$out/shim:$PATH INSPECT_DISPLAY=plain "$bin/inspect" eval inspect_harbor/harbor -T path="$dataset/tasks" \
    --solver inspect_harbor/oracle --model mockllm/model --max-samples 1 --log-dir "$out/logs" --log-format json >eval.log 2>&1 ||
    { tail -n 20 eval.log; told inspect "oracle: failed"; exit 1; }
"$bin/python" - "$out"/logs/*.json <<'P'
import json, sys
found = json.load(open(sys.argv[1]))
scores = [{name: score["value"] for name, score in (one.get("scores") or {}).items()} for one in found["samples"]]
print(f"inspect          oracle: {found['status']}, scores {scores}")
P
