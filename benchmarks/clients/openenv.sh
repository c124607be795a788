#!/usr/bin/env bash
# OpenEnv: our server, and its own client with an episode per task and patch at a time; then its Harbor
# rollouts with Terminus and a scripted model, which installs tmux in the container where an image lacks it.
. "$(dirname "$0")/venv.sh"

client openenv 3.12 'openenv>=0.10' 'harbor>=0.25' uvicorn websockets "$(newer_certifi)"
with_envfactory
"$bin/python" "$here/modules/openenv_episodes.py" "$dataset"

with_compose
patch_folder gold empty
cd "$out"
"$bin/python" "$here/modules/openenv_rollouts.py" "$dataset" patches | expected "openenv rollout"
