#!/usr/bin/env bash
# Every check and every test: lint, types, import contracts, then pytest with the given arguments.
#
#   scripts/test.sh [--lint-only] [PYTEST ARGUMENT…]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh python
bin=${VENV:-.venv}/bin

"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"
[ "${1:-}" = --lint-only ] && exit

scripts/bootstrap.sh all
exec "$bin/python" -m pytest "$@"
