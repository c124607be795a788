"""Who can be asked what a patch is worth: our own ``grade`` and the clients in ``benchmarks/clients``.

A client's script gets a dataset and a folder of patches and prints a verdict for each as a line of JSON.
Nothing here has an opinion about a verdict.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from envfactory.trainer import Dataset

CLIENTS = Path(__file__).parent / "clients"
UNREACHABLE = 4
"""Exit code of a script whose client cannot be installed because the package index does not answer."""


class Case(NamedTuple):
    """A patch to be judged."""

    instance_id: str
    kind: str
    patch: str


class Verdict(NamedTuple):
    """``resolved`` is ``None`` where there is no verdict; ``detail`` says why."""

    resolved: bool | None
    detail: str = ""
    overhead: float | None = None
    """Seconds of the judgement beside the run of the tests, where the judge tells them."""


Answer = tuple[Case, Verdict]
Judge = Callable[[Path, Sequence[Case]], Iterator[Answer]]


class Unreachable(RuntimeError):
    """A client cannot be installed today: the package index does not answer."""


def ours(dataset: Path, cases: Sequence[Case]) -> Iterator[Answer]:
    """``Task.grade``."""
    tasks = Dataset(dataset)
    for case in cases:
        reward = tasks[case.instance_id].grade(case.patch)
        found = "tampered" if reward.tampered else ""
        decided = None if reward.fault else reward.resolved
        yield case, Verdict(decided, f"{reward.fault}: {reward.detail}" if reward.fault else found)


def client(name: str) -> Judge:
    """The judge whose script is ``clients/NAME.sh``; ``Unreachable`` where it cannot be installed."""

    def judge(dataset: Path, cases: Sequence[Case]) -> Iterator[Answer]:
        with tempfile.TemporaryDirectory(prefix="agreement-") as folder:
            part, patches = Path(folder, "dataset"), Path(folder, "patches")
            copy_tasks(dataset, part, {case.instance_id for case in cases})
            write_patches(patches, cases)
            yield from asked(CLIENTS / f"{name}.sh", part, patches, cases)

    return judge


JUDGES: Mapping[str, Judge] = {
    "envfactory": ours,
    "swebench": client("swebench"),
    "harbor": client("harbor"),
    "verifiers": client("verifiers"),
}


def asked(script: Path, dataset: Path, patches: Path, cases: Sequence[Case]) -> Iterator[Answer]:
    """What a script says about each case, as it comes; cases that it forgets have no verdict."""
    waiting = {(case.instance_id, case.kind): case for case in cases}
    with tempfile.TemporaryFile("w+") as errors:
        command = [str(script), str(dataset), str(patches)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        with process:
            for line in process.stdout:
                found = json.loads(line)
                case = waiting.pop((found["instance_id"], found["kind"]))
                yield case, Verdict(found["resolved"], found["detail"], found.get("overhead"))
        errors.seek(0)
        said = errors.read()[-500:].strip()
    if process.returncode == UNREACHABLE:
        raise Unreachable(said)
    for case in waiting.values():
        yield case, Verdict(None, f"no answer, exit code {process.returncode}: {said}")


def copy_tasks(dataset: Path, target: Path, names: Iterable[str]) -> None:
    """A dataset of some of the tasks of another, as far as the clients read it."""
    kept = set(names)
    for name in sorted(kept):
        shutil.copytree(dataset / "tasks" / name, target / "tasks" / name)
    rows = (dataset / "dataset.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    wanted = [row for row in rows if json.loads(row)["instance_id"] in kept]
    (target / "dataset.jsonl").write_text("".join(wanted), encoding="utf-8")


def write_patches(folder: Path, cases: Iterable[Case]) -> None:
    """``KIND/INSTANCE_ID.patch`` for each."""
    for case in cases:
        path = folder / case.kind / f"{case.instance_id}.patch"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.patch.encode())
