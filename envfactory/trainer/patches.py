"""Diffs in and out of an agent's container, by git's plumbing inside it.

Never uses the agent's index or leaves a file behind; what the agent did to its repository
(commits, staging, stashes) does not change the diff, which is against the image's root commit.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from envfactory.errors import TrialError
from envfactory.trials.plan import PatchError

if TYPE_CHECKING:
    from envfactory.engine.container import Container
    from envfactory.engine.facts import ExecResult

SECONDS = 300.0

_DIFF = """\
cd /testbed || exit 3
export GIT_INDEX_FILE="$1.index" GIT_OPTIONAL_LOCKS=0
cp .git/index "$GIT_INDEX_FILE" 2>/dev/null || git read-tree "$2" || exit 3
printf '%s\\n' "$3" > "$1.attributes"
git -c core.attributesFile="$1.attributes" add -A . || exit 3
git -c core.attributesFile="$1.attributes" -c core.quotePath=true diff --cached --binary --full-index \
    --no-renames --no-color --no-ext-diff --no-textconv --src-prefix=a/ --dst-prefix=b/ "$2" > "$1" || exit 3
"""
_REMOVE = 'rm -f "$1" "$1.index" "$1.attributes"'
ALL_BINARY = "* -diff"
"""Attribute line that makes every file a binary hunk: the way to carry text that is not UTF-8."""


def diff(container: Container, root: str) -> str:
    """Difference of the work tree to commit ``root`` as text."""
    path = _scratch("diff")
    try:
        content = _diff(container, path, root, "")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return _diff(container, path, root, ALL_BINARY).decode("utf-8", "replace")
    finally:
        container.exec(["sh", "-c", _REMOVE, "sh", path], timeout=60, cwd="/")


def apply(container: Container, patch: str) -> None:
    """Apply ``patch``, all of it or none; an empty one changes nothing."""
    if not patch.strip():
        return
    path = _scratch("patch")
    container.put({path: patch.encode("utf-8", "surrogateescape")})
    done = container.exec(["git", "apply", "--whitespace=nowarn", path], timeout=SECONDS, cwd="/testbed")
    container.exec(["rm", "-f", path], timeout=60, cwd="/")
    if done.timed_out:
        raise TrialError(f"git apply took over {SECONDS:.0f} s", cause="timeout", retryable=True)
    if done.exit_code != 0:
        raise PatchError(_last_lines(done), cause="patch_does_not_apply")


def diff_command(path: str, root: str, attributes: str = "") -> list[str]:
    """What writes the difference to commit ``root`` into the file ``path``, wherever the task's image runs.

    It leaves ``path``.index and ``path``.attributes beside it.
    """
    return ["bash", "-c", _DIFF, "diff", path, root, attributes]


def _diff(container: Container, path: str, root: str, attributes: str) -> bytes:
    done = container.exec(diff_command(path, root, attributes), timeout=SECONDS, cwd="/")
    if done.exit_code != 0:
        raise TrialError(f"the work tree cannot be compared: {_last_lines(done)}", cause="diff_failed")
    return container.get(path)


def _last_lines(done: ExecResult) -> str:
    return "\n".join((done.stderr or done.stdout).strip().splitlines()[-3:]) or f"exit code {done.exit_code}"


def _scratch(name: str) -> str:
    return f"/tmp/.envfactory-{secrets.token_hex(8)}-{name}"
