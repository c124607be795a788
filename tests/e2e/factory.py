"""The factory as its users meet it: commands in processes of their own, on a clone and a workspace."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Factory:
    """One clone, one workspace, and the commands of ``envfactory`` on them."""

    clone: Path
    workspace: Path
    repo: str
    environment: Mapping[str, str] = field(default_factory=dict)
    pids: list[int] = field(default_factory=list)

    def start(
        self, *words: str | Path, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """A command that runs while the test goes on; its output goes to a file of the workspace's parent."""
        log = self.workspace.with_suffix(".log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "envfactory", *map(str, words)],
                stdin=stdin,
                stdout=stdout,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        self.pids.append(process.pid)
        return process

    def command(
        self, *words: str | Path, expect: int | None = 0, timeout: float = 900, text: str = ""
    ) -> str:
        """Standard output of a command that ends with the expected code."""
        process = self.start(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            output, _ = process.communicate(text.encode(), timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            pytest.fail(f"envfactory {words[0]} did not end within {timeout} s; {self.tail()}")
        if expect is not None and process.returncode != expect:
            pytest.fail(f"envfactory {words[0]}: exit code {process.returncode}\n{self.tail()}")
        return output.decode()

    def tail(self) -> str:
        """The end of what the commands wrote to standard error."""
        return self.workspace.with_suffix(".log").read_text(errors="replace")[-4000:]

    def run_words(self, *words: str | Path) -> tuple[str | Path, ...]:
        return ("run", self.clone, "--repo", self.repo, "-w", self.workspace, *words)

    def run(self, *words: str | Path, **options: Any) -> str:
        return self.command(*self.run_words(*words), **options)

    def run_and_kill(self, stage: str, *words: str | Path, timeout: float = 600) -> None:
        """Run until ``stage`` is being worked on, then kill -9."""
        process = self.start(*self.run_words(*words))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and process.poll() is None:
            if self.working_on(stage):
                time.sleep(0.4)
                break
            time.sleep(0.02)
        assert process.poll() is None, f"the run ended before {stage} could be interrupted\n{self.tail()}"
        process.kill()
        process.wait()

    def working_on(self, stage: str) -> bool:
        database = self.workspace / "envfactory.db"
        if not database.exists():
            return False
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            query = "SELECT count(*) FROM attempts WHERE stage = ? AND finished IS NULL"
            return bool(connection.execute(query, (stage,)).fetchone()[0])
        except sqlite3.OperationalError:  # the schema is being written
            return False
        finally:
            connection.close()

    def attempts(self) -> list[tuple[str, str, str]]:
        """(stage, key, status) of every attempt so far."""
        connection = sqlite3.connect(f"file:{self.workspace / 'envfactory.db'}?mode=ro", uri=True)
        try:
            return list(connection.execute("SELECT stage, key, status FROM attempts ORDER BY id"))
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        return json.loads(self.command("status", "-w", self.workspace, "--json"))["stages"]

    def ends(self) -> dict[str, str]:
        """Number -> ``task``, ``rejected:<reason>`` or ``failed:<cause>``."""
        connection = sqlite3.connect(f"file:{self.workspace / 'envfactory.db'}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT key, status, reason FROM outcomes"
                " ORDER BY CASE stage WHEN 'mine' THEN 0 WHEN 'build' THEN 1 ELSE 2 END"
            )
            found = {key.rpartition("#")[2]: (status, reason) for key, status, reason in rows}
        finally:
            connection.close()
        return {number: "task" if end == "ok" else f"{end}:{why}" for number, (end, why) in found.items()}

    def grade(self, task: Path, patch: str, **options: Any) -> dict[str, Any]:
        words = ("grade", task, "--patch", "-", "--json", "-w", self.workspace)
        return json.loads(self.command(*words, text=patch, **options))

    def task(self, number: int | str) -> Path:
        return self.workspace / "dataset" / "tasks" / f"{self.repo.replace('/', '__')}-{number}"

    def digest(self) -> str:
        return str(json.loads((self.workspace / "dataset" / "manifest.json").read_text())["digest"])

    def containers(self) -> list[str]:
        """Containers that commands of this object started and that still exist."""
        form = '{{.ID}} {{.Label "envfactory.owner"}}'
        command = ["docker", "ps", "-a", "--filter", "label=envfactory=1", "--format", form]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in lines if any(f":{pid}:" in line for pid in self.pids)]
