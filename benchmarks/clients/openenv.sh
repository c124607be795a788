#!/usr/bin/env bash
# OpenEnv: our server, and its own client with an episode per task and patch at a time.
. "$(dirname "$0")/venv.sh"

client openenv 3.12 'openenv>=0.10' uvicorn websockets
with_envfactory
"$bin/python" "$here/modules/openenv_episodes.py" "$dataset"
