"""Any number of pull requests with issues and comments, and a git history that fits.  The same every time."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

from benchmarks.github_things import START, Problem, Pull, Repo, Said


def populate(name: str, count: int, clone: Path) -> Repo:
    """``count`` squashed pull requests in a new bare repository at ``clone``, and the same on GitHub.

    Every second one has a linked issue with comments before and after it, every fifth names one that GitHub
    has not linked.  Numbers of pull requests are odd, those of issues even.
    """
    repo = Repo(name)
    names = _history(count, clone)
    for position, commit in enumerate(names):
        number, opened = 2 * position + 1, START + timedelta(hours=position)
        issue = Problem(number + 1, f"Word {position} is wrong", f"It says {position}, and should not.")
        issue.comments = [
            Said("reader", opened - timedelta(hours=1), "I see that too."),
            Said("fixer", opened + timedelta(minutes=5), "Fixed like this."),
        ]
        linked, named = position % 2 == 0, position % 5 == 1
        if linked or named:
            repo.issues[issue.number] = issue
        repo.pulls[number] = Pull(
            number=number,
            title=f"Correct word {position}",
            body=f"It was wrong.\n\nFixes #{issue.number}" if linked or named else "It was wrong.",
            author=f"person{position % 7}",
            labels=("bug",) if position % 3 else (),
            branch=f"fix-{position}",
            created=opened,
            merged=opened + timedelta(minutes=10),
            updated=opened + timedelta(minutes=10 + position % 50),
            merge_commit=commit,
            commits=((f"{number:040x}", f"Correct word {position}\n\nThe word of {position}."),),
            linked=(issue.number,) if linked else (),
        )
    return repo


def _history(count: int, clone: Path) -> list[str]:
    """A bare repository of ``count`` squash commits after a first one; their ids, oldest first."""
    environment = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(clone.parent)}
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(clone)], check=True, env=environment
    )
    feed = []
    for position in range(-1, count):
        when = int((START + timedelta(hours=position, minutes=10)).timestamp())
        message = f"Correct word {position} (#{2 * position + 1})" if position >= 0 else "Start"
        text = f"{position}\n"
        feed.append(
            f"commit refs/heads/main\nmark :{position + 2}\n"
            f"committer GitHub <noreply@example.org> {when} +0000\n"
            f"data {len(message)}\n{message}\nM 100644 inline words/{max(position, 0) % 10}.txt\n"
            f"data {len(text)}\n{text}\n"
        )
    marks = clone / "marks"
    command = ["git", "-C", str(clone), "fast-import", "--quiet", f"--export-marks={marks}"]
    subprocess.run(command, input="".join(feed).encode(), check=True, env=environment)
    names = dict(line.split(" ") for line in marks.read_text().splitlines())
    return [names[f":{position + 2}"] for position in range(count)]
