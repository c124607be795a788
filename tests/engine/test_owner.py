"""Whose container is it: told without Docker, and swept with it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from envfactory.engine import Engine
from envfactory.engine.owner import Owner, labels, this_process

DIES_WITH_A_CONTAINER = """
import os, signal, sys
from envfactory.engine import connect
from envfactory.records import Limits
container = connect().container(sys.argv[1], limits=Limits(), workdir="/", name_hint="orphan").start()
print(container.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_owner_survives_its_label() -> None:
    owner = this_process()
    assert Owner.parse(str(owner)) == owner
    assert Owner.parse("") is None and Owner.parse("a:b:c:d:e") is None
    assert labels()["envfactory"] == "1"
    json.dumps(labels())


def test_who_lives() -> None:
    owner = this_process()
    assert owner.alive() is True
    assert replace(owner, start="1").alive() is False, "the process id was used again"
    assert replace(owner, boot="earlier").alive() is False
    assert replace(owner, host="elsewhere").alive() is None
    assert replace(owner, pidns="1").alive() is None


def test_a_process_that_waits_to_be_reaped_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        from envfactory.engine.owner import _start_time

        start = _start_time(child.pid) or ""
        owner = replace(this_process(), pid=child.pid, start=start)
        assert owner.alive() is True
        child.kill()
        for _ in range(100):
            if owner.alive() is False:
                break
        import time

        time.sleep(0.2)
        assert owner.alive() is False
    finally:
        child.communicate()


@pytest.mark.docker
def test_only_containers_of_dead_processes_are_swept(engine: Engine, base: str) -> None:
    from envfactory.records import Limits

    done = subprocess.run(
        [sys.executable, "-c", DIES_WITH_A_CONTAINER, base], capture_output=True, text=True, timeout=60
    )
    orphan = done.stdout.strip()
    with engine.container(base, limits=Limits(), workdir="/") as mine:
        assert {orphan, mine.id} <= {one.id for one in engine.owned_containers()}
        assert engine.sweep() >= 1
        left = {one.id for one in engine.owned_containers()}
        assert orphan not in left and mine.id in left
