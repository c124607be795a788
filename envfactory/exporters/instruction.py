"""What the agent is told: the problem statement and how to work in the container.

Never says where the fix is, which hidden tests judge it or which commit it came from: commit ids of
the pull request that a statement quotes are blanked.
"""

from __future__ import annotations

import re
import shlex

from envfactory.languages.surroundings import prefixes
from envfactory.records import PullRequest, Task

_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")

_TEXT = """\
{statement}
{interface}
## Working on it

The repository `{repo}` is checked out at `/testbed`, as it was before this was solved. It is a
{language} project and its dependencies are installed; there is no network. Run tests from `/testbed`
with

```
{command} PATH...
```
{surroundings}
Change the source so that the above is solved and what works today keeps working. Tests that you
cannot see will be run on your change. Edits of existing tests and of the test runner's configuration
are put back before that.
"""

_INTERFACE = """
## Interface

Use these names; the tests refer to them:

```
{names}
```
"""


def instruction(task: Task) -> str:
    """Markdown for ``instruction.md``."""
    candidate = task.candidate
    names = candidate.interface.strip()
    text = _TEXT.format(
        statement=candidate.problem_statement.strip() + "\n",
        interface=_INTERFACE.format(names=names) if names else "",
        repo=candidate.pull_request.repo,
        language=candidate.language.capitalize(),
        command=shlex.join(prefixes.runner_of(task.reward_spec.test_command)),
        surroundings=_surroundings(task.reward_spec.test_command),
    )
    return without_commits(text, candidate.pull_request)


def _surroundings(command: tuple[str, ...]) -> str:
    """What is prepared before the tests run, where anything is: a service, a clock, a display."""
    labels = [words[3].partition("?")[0].replace(":", " ") for words in prefixes.blocks(command)]
    return f"\nBefore the hidden tests run, these are started: {', '.join(labels)}.\n" if labels else ""


def without_commits(text: str, pull: PullRequest) -> str:
    """``text`` with every mention of a commit of the pull request replaced by ``<commit>``."""
    commits = [pull.head_commit, *(commit.sha for commit in pull.commits)]
    if pull.merge_commit:
        commits.append(pull.merge_commit)

    def blanked(match: re.Match[str]) -> str:
        known = any(commit.startswith(match.group()) for commit in commits)
        return "<commit>" if known else match.group()

    return _COMMIT.sub(blanked, text)
