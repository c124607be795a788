#!/bin/bash
# The pull request's own change.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "${ENVFACTORY_TESTBED:-/testbed}"
git apply --whitespace=nowarn "$here/gold.patch"
