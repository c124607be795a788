"""What mining GitHub costs: calls per pull request, seconds and memory, also when things go wrong.

    python -m benchmarks.github_mine --pulls 1000

The miner is the real command in a process of its own; GitHub is the fake one on loopback, whose queries
run on GitHub's published schema; the code comes from a git repository made for it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from benchmarks.github_sample import populate
from benchmarks.github_schema import Descriptions
from benchmarks.github_server import Faults, Server
from benchmarks.github_world import World

REPO = "octo/words"
FAULTY = Faults(server_errors=0.05, secondary_limits=0.02, dropped=0.02, broken_off=0.01, heavy=25)


@dataclass
class Site:
    """A server, the code that it names, and a cache."""

    server: Server
    root: Path
    numbers: list[int]

    def environment(self, cache: str) -> dict[str, str]:
        """Variables of a miner with that cache."""
        code, folder = f"file://{self.root}/code", str(self.root / cache)
        ours = self.server.environment(GITHUB_SERVER_URL=code, GITHUB_TOKEN="token", ENVFACTORY_CACHE=folder)
        return {**os.environ, "GH_TOKEN": "", "GITHUB_TOKENS": "", **ours}

    def start(self, cache: str) -> subprocess.Popen[bytes]:
        """The command."""
        words = ["mine", REPO, "--dry-run", "--json", "--max-wait", "60", "-w", str(self.root / "work")]
        command = [sys.executable, "-m", "envfactory", *words]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment(cache), **pipes)

    def found(self, output: bytes) -> str:
        """Whether the command listed every pull request once, in order."""
        keys = [int(json.loads(line)["key"].rpartition("#")[2]) for line in output.splitlines()]
        if keys == self.numbers:
            return "all, once, in order"
        return f"{len(keys)} lines, {len(set(keys))} different"


class Peak(threading.Thread):
    """Looks at a process's greatest memory until it ends (what wait4 tells begins with its parent's)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.megabytes = 0
        self.start()

    def run(self) -> None:
        """Twenty times a second."""
        status = Path(f"/proc/{self._pid}/status")
        while True:
            try:
                found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
            except OSError:
                return
            if found is None:
                return
            self.megabytes = round(int(found[1]) / 1024)
            time.sleep(0.05)


def run(site: Site, name: str, cache: str) -> dict[str, Any]:
    """One run to its end."""
    before, began = site.server.calls.copy(), time.monotonic()
    process = site.start(cache)
    peak = Peak(process.pid)
    output, errors = process.communicate()
    seconds = time.monotonic() - began
    asked = site.server.calls - before
    row = {"run": name, "exit": process.returncode, "seconds": round(seconds, 1)}
    row |= {"MB": peak.megabytes, **_calls(asked, len(site.numbers))}
    last = errors.decode(errors="replace").strip().splitlines()
    return row | {"found": site.found(output) if process.returncode == 0 else last[-2][:90] if last else ""}


def killed(site: Site, cache: str, every: float) -> dict[str, Any]:
    """kill -9 again and again, a little later each time, until a run comes to its end."""
    before, began, kills = site.server.calls.copy(), time.monotonic(), 0
    while True:
        process = site.start(cache)
        try:
            output, _ = process.communicate(timeout=every * (1 + kills / 2))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    asked = site.server.calls - before
    row = {"run": f"kill -9, {kills} times", "exit": process.returncode}
    row |= {"seconds": round(time.monotonic() - began, 1), "MB": ""}
    return row | _calls(asked, len(site.numbers)) | {"found": site.found(output)}


def _calls(asked: Mapping[str, int], pulls: int) -> dict[str, Any]:
    calls = asked.get("rest", 0) + asked.get("graphql", 0)
    return {
        "REST": asked.get("rest", 0),
        "of it 304": asked.get("unchanged", 0),
        "GraphQL": asked.get("graphql", 0),
        "faults": asked.get("faults", 0),
        "calls per PR": f"{calls / pulls:.3f}",
    }


def measure(site: Site) -> list[dict[str, Any]]:
    """All runs."""
    server = site.server
    rows = [run(site, "first", "first"), run(site, "second", "first")]
    server.faults = FAULTY
    rows.append(run(site, "10 % faults, small pages", "faulty"))
    server.faults = Faults(heavy=25)
    rows.append(killed(site, "killed", 1.0))
    server.faults = Faults(always=500)
    rows.append(run(site, "always 500", "broken"))
    return rows


def _print(rows: list[dict[str, Any]]) -> None:
    widths = {name: max(len(name), *(len(str(row.get(name, ""))) for row in rows)) for name in rows[0]}
    print("  ".join(f"{name:<{width}}" for name, width in widths.items()).rstrip())
    for row in rows:
        print("  ".join(f"{row.get(name, '')!s:<{width}}" for name, width in widths.items()).rstrip())


def main(words: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.github_mine", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--pulls", type=int, default=1000)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args(words)
    folder = Path(platformdirs.user_cache_dir("envfactory")) / "published-descriptions"
    with tempfile.TemporaryDirectory(prefix="github-mine-") as name:
        root = Path(name)
        (root / "code" / "octo").mkdir(parents=True)
        repo = populate(REPO, options.pulls, root / "code" / "octo" / "words.git")
        world = World(Descriptions(folder), {REPO: repo})
        _ = world.descriptions.graphql
        with Server(world) as server:
            rows = measure(Site(server, root, sorted(repo.pulls, reverse=True)))
    _print(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
