#!/usr/bin/env bash
# Make this machine able to run the factory, and say what is missing where that is impossible.
#
#   scripts/bootstrap.sh python    a virtual environment with the project and its test tools
#   scripts/bootstrap.sh system    git, mmdebstrap, patchelf and ps
#   scripts/bootstrap.sh engine    a Docker engine that answers, and a client that speaks BuildKit
#   scripts/bootstrap.sh all       the three (default)
#   scripts/bootstrap.sh stop      stop the engine if, and only if, this script started it
#
# Every step first looks whether its work is done, so a second call takes a second.  Packages are
# installed with apt, as root or through sudo.  An engine that already answers is used as it is:
# never restarted, reconfigured or stopped.  Exit code 4: something is missing that cannot be set up.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VENV:-$root/.venv}
state=${BOOTSTRAP_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/envfactory}
pid_file=$state/dockerd.pid
engine_log=$state/dockerd.log
apt_refreshed=

say() { printf 'bootstrap: %s\n' "$*" >&2; }

missing() {
    say "missing: $1"
    shift
    [ $# -eq 0 ] || say "$*"
    exit 4
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

can_install() { command -v apt-get >/dev/null && as_root true; }

# apt_install PACKAGE…  Quiet unless it fails; package lists are fetched once.
apt_install() {
    can_install || return 1
    mkdir -p "$state"
    if [ -z "$apt_refreshed" ]; then
        say "apt-get update"
        as_root apt-get update -qq >"$state/apt.log" 2>&1 || true # a dead third-party source must not stop us
        apt_refreshed=yes
    fi
    say "apt-get install $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >>"$state/apt.log" 2>&1 </dev/null
}

# -- Python ------------------------------------------------------------------------------------

python_works() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 \
        /usr/bin/python3 "$HOME"/.pyenv/versions/3.1[1-9]*/bin/python3; do
        if python_works "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

ensure_python() {
    local python stamp wanted version
    stamp=$venv/.envfactory-installed
    wanted=$(cksum "$root/pyproject.toml" | cut -d' ' -f1-2)
    if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    if ! python_works "$venv/bin/python"; then
        if ! python=$(find_python); then
            for version in "" 3.13 3.12 3.11; do
                apt_install "python${version:-3}" "python${version:-3}-venv" && python=$(find_python) && break
            done
            [ -n "${python:-}" ] || missing "Python 3.11 or newer with the venv module" \
                "install it (Debian, Ubuntu: python3 and python3-venv) or set PYTHON=/path/to/python3"
        fi
        say "virtual environment $venv from $python"
        "$python" -m venv --clear "$venv"
    fi
    say "installing the project into $venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "${root}[test,parquet]" ||
        missing "the project's dependencies" "pip could not install them; its message is above"
    printf '%s\n' "$wanted" >"$stamp"
}

# -- system tools ------------------------------------------------------------------------------

ensure_system() {
    local tool wanted=()
    for tool in git mmdebstrap patchelf ps; do
        command -v "$tool" >/dev/null || wanted+=("${tool/#ps/procps}")
    done
    [ ${#wanted[@]} -eq 0 ] && return
    apt_install ca-certificates "${wanted[@]}" && return
    command -v git >/dev/null || missing "git" "install it and try again"
    say "without ${wanted[*]}: base images and interpreters have to come from an image registry"
}

# -- Docker engine -----------------------------------------------------------------------------

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# A client that speaks BuildKit: the buildx plug-in, or a client older than 23 (BuildKit built in).
buildkit_client() {
    docker buildx version >/dev/null 2>&1 && return
    local client major
    for client in docker /usr/bin/docker; do
        major=$("$client" version --format '{{.Client.Version}}' 2>/dev/null | head -n 1 | cut -d. -f1) || continue
        case $major in
            '' | *[!0-9]*) ;;
            *) [ "$major" -lt 23 ] && return ;;
        esac
    done
    return 1
}

ensure_engine() {
    if ! engine_answers; then
        command -v dockerd >/dev/null && command -v docker >/dev/null && command -v iptables >/dev/null ||
            apt_install docker.io iptables ||
            missing "a Docker engine" "none answers and docker.io could not be installed; see $state/apt.log, or set DOCKER_HOST"
        start_engine
    fi
    buildkit_client || apt_install docker-buildx || apt_install docker-buildx-plugin || apt_install docker.io || true
    buildkit_client || missing "a Docker client with BuildKit" "install the buildx plug-in (docker-buildx)"
}

start_engine() {
    if docker version 2>&1 | grep -qi 'permission denied'; then
        missing "access to the Docker engine that runs here" "add this user to its group (docker), or be root"
    fi
    if [ -d /run/systemd/system ] && as_root systemctl start docker 2>/dev/null && wait_for_engine 60; then
        return
    fi
    as_root true || missing "a running Docker engine" "start it, or give this user access to it"
    mkdir -p "$state"
    # From the usual setting to what works in a container that grants little.
    start_dockerd || start_dockerd --storage-driver=vfs ||
        { use_legacy_iptables && start_dockerd; } || start_dockerd --iptables=false --ip6tables=false ||
        missing "a running Docker engine" "dockerd does not start here; see $engine_log"
}

use_legacy_iptables() { as_root update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null 2>&1; }

start_dockerd() {
    local pid
    say "starting dockerd $*"
    as_root rm -f /var/run/docker.pid "$pid_file"
    as_root setsid dockerd "$@" >"$engine_log" 2>&1 </dev/null &
    pid=$!
    if wait_for_engine 60 "$pid"; then
        as_root cat /var/run/docker.pid >"$pid_file"
        return
    fi
    as_root kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    tail -n 3 "$engine_log" >&2
    return 1
}

# wait_for_engine SECONDS [PID]  Gives up early when the process is gone.
wait_for_engine() {
    local deadline=$((SECONDS + $1))
    while [ "$SECONDS" -lt "$deadline" ]; do
        engine_answers && return
        [ -z "${2:-}" ] || kill -0 "$2" 2>/dev/null || return 1
        sleep 0.5
    done
    return 1
}

stop_engine() {
    local pid
    [ -s "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
        say "stopping the engine that this script started"
        as_root kill "$pid"
        for _ in $(seq 60); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.5
        done
    fi
    rm -f "$pid_file"
}

case ${1:-all} in
    python) ensure_python ;;
    system) ensure_system ;;
    engine) ensure_engine ;;
    all)
        ensure_python
        ensure_system
        ensure_engine
        ;;
    stop) stop_engine ;;
    *)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
        exit 2
        ;;
esac
