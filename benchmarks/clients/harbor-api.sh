#!/usr/bin/env bash
# Harbor's Python API, as SkyRL and NeMo Gym use it: gold 1, empty 0, and the same trials as tasks of Ray.
. "$(dirname "$0")/venv.sh"

client harbor-ray 3.12 'harbor>=0.25' ray "$(newer_certifi)"
with_compose
patch_folder gold empty
export RAY_USAGE_STATS_ENABLED=0
cd "$out"
trials() { "$bin/python" "$here/modules/harbor_trials.py" "$dataset" patches "$@" 2>"$out/err.log"; }
trials | expected harbor-api || { tail -n 20 "$out/err.log"; exit 1; }
trials ray | expected harbor-ray || { tail -n 20 "$out/err.log"; exit 1; }
