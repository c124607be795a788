#!/usr/bin/env bash
# TRL's Harbor environment, without the rest of TRL (which would bring torch): the solution 1, nothing 0.
. "$(dirname "$0")/venv.sh"

client trl 3.12 'harbor>=0.25' datasets "$(newer_certifi)"
installed --no-deps 'trl>=1.16'
with_compose
"$bin/python" "$here/modules/trl_episodes.py" "$dataset" 2>"$out/err.log" || { tail -n 20 "$out/err.log"; exit 1; }
