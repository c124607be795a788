#!/bin/bash
# Grades the repository in this container; writes reward.txt and reward.json; always exits 0.
#
# In a fresh container the agent's diff is applied from $LOGS/artifacts/model.patch; where that file is
# missing or the tree was worked in, what is there is graded.  Needs no network and installs nothing.
set -u
umask 022
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
logs="${ENVFACTORY_LOGS:-/logs}"

mkdir -p "$logs/verifier" "$logs/artifacts"
echo 0 > "$logs/verifier/reward.txt"
echo '{"reward": 0}' > "$logs/verifier/reward.json"

[ -f /etc/profile.d/envfactory.sh ] && . /etc/profile.d/envfactory.sh

# An interpreter outside the project's own environment first: nothing a patch installs can reach it.
for python in "${ENVFACTORY_PYTHON:-}" /opt/python/*/bin/python3 /usr/bin/python3 /opt/env/bin/python; do
    [ -n "$python" ] && [ -x "$python" ] && break
done
"$python" -I -S "$here/grade.py" > "$logs/verifier/test_output.log" 2>&1 < /dev/null
exit 0
