"""Real containers: what comes out of them, what is refused, what is left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from envfactory.engine import Container, Engine
from envfactory.errors import TrialError

pytestmark = pytest.mark.docker
Small = Callable[[], Container]


def names(engine: Engine) -> set[str]:
    """Containers of this process: others may work on the same engine."""
    return {found.name for found in engine.owned_containers() if f"-{os.getpid()}-" in found.name}


def test_exec_streams_exit_code_and_stdin(small: Small) -> None:
    with small() as container:
        result = container.exec(["sh", "-c", "echo out; echo err >&2; exit 3"])
        assert (result.stdout, result.stderr, result.exit_code) == ("out\n", "err\n", 3)
        assert not result.timed_out and not result.truncated
        assert container.exec(["wc", "-c"], stdin=b"x" * 3_000_000).stdout.strip() == "3000000"
        assert container.exec(["cat"], stdin=b"").stdout == ""
        assert container.exec(["true"], stdin=b"x" * 3_000_000).exit_code == 0
        assert container.exec(["printenv", "A"], env={"A": "b c"}).stdout == "b c\n"
        assert container.exec(["pwd"], cwd="/usr").stdout == "/usr\n"
        assert container.exec(["id", "-u"], user="65534").stdout == "65534\n"
        assert container.exec(["no-such-command"]).exit_code in (126, 127)


def test_no_output_is_lost_however_fast_the_command_is(small: Small) -> None:
    with small() as container:
        for number in range(20):
            assert container.exec(["echo", str(number)]).stdout == f"{number}\n"


def test_it_is_hardened(small: Small) -> None:
    with small() as container:
        status = container.exec(["cat", "/proc/self/status"]).stdout
        assert "NoNewPrivs:\t1" in status
        effective = int(status.partition("CapEff:\t")[2].split()[0], 16)
        for dropped in (13, 21, 27):  # NET_RAW, SYS_ADMIN, MKNOD
            assert not effective >> dropped & 1
        devices = container.exec(["cat", "/proc/net/dev"]).stdout
        assert "lo:" in devices and "eth0" not in devices
        assert container.exec(["getent", "hosts", "testbed"]).stdout.split()[0] == "127.0.0.1"
        started = time.monotonic()
        assert container.exec(["getent", "hosts", "example.invalid"], timeout=20).exit_code != 0
        assert time.monotonic() - started < 5


def test_put_and_get(small: Small) -> None:
    with small() as container:
        container.put(
            {
                "/opt/a b/ü.txt": b"text",
                "run.sh": (b"#!/bin/sh\necho ran\n", 0o755),
                "/link": (b"/etc/passwd", 0o120000),
            },
            root="/srv",
        )
        assert container.get("/opt/a b/ü.txt") == b"text"
        assert container.exec(["/srv/run.sh"]).stdout == "ran\n"
        assert container.exec(["stat", "-c", "%u:%g %a", "/srv/run.sh"]).stdout == "0:0 755\n"
        with pytest.raises(FileNotFoundError):
            container.get("/nowhere")
        for refused in ("/link", "/etc", "/dev/zero"):
            with pytest.raises(TrialError) as caught:
                container.get(refused)
            assert caught.value.cause == "report_not_a_file"
        container.exec(["truncate", "-s", "60M", "/big"])
        with pytest.raises(TrialError) as caught:
            container.get("/big", max_bytes=1000)
        assert caught.value.cause == "report_too_large"


def test_put_refuses_a_path_that_climbs(small: Small) -> None:
    with small() as container, pytest.raises(ValueError, match=r"\.\."):
        container.put({"../etc/passwd": b""})


def test_an_endless_loop_and_its_children_end_in_time(small: Small) -> None:
    with small() as container:
        container.exec(["sh", "-c", "sleep 999 >/dev/null 2>&1 &"], timeout=20)
        script = "(setsid sh -c 'while :; do sleep 1; done' &) ; sleep 888 & while :; do :; done"
        result = container.exec(["sh", "-c", script], timeout=1)
        assert result.timed_out and result.exit_code is None and result.seconds < 6
        left = container.exec(["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"]).stdout
        assert "888" not in left and "while :; do sleep" not in left
        assert "999" in left, "what another command left running is not this command's"


def test_a_background_child_does_not_hold_the_result_back(small: Small) -> None:
    with small() as container:
        result = container.exec(["sh", "-c", "sleep 300 & echo started"], timeout=60)
        assert (result.stdout, result.exit_code) == ("started\n", 0)
        assert result.seconds < 20


def test_a_fork_bomb_ends_and_the_container_still_works(engine: Engine, small: Small) -> None:
    before = names(engine)
    with small() as container:
        container.put({"/kept": b"yes"})
        result = container.exec(["bash", "-c", "b() { b | b & }; b; sleep 600"], timeout=2)
        assert result.seconds < 30
        assert container.exec(["cat", "/kept"], timeout=20).stdout == "yes"
        assert int(container.exec(["sh", "-c", "ls -d /proc/[0-9]* | wc -l"], timeout=20).stdout) < 10
    assert names(engine) == before


def test_a_gigabyte_of_output_is_not_held(small: Small) -> None:
    with small() as container:
        result = container.exec(
            ["sh", "-c", "echo first; head -c 300000000 /dev/zero; echo last"], timeout=60, max_output=1000
        )
        assert result.truncated and result.exit_code == 0
        assert result.stdout.startswith("first\n") and result.stdout.endswith("last\n")
        assert len(result.stdout) < 1200
        endless = container.exec(["yes"], timeout=1, max_output=1000)
        assert endless.timed_out and endless.truncated and len(endless.stdout) < 1200


def test_one_big_file_stops_at_the_limit(small: Small) -> None:
    with small() as container:
        result = container.exec(["dd", "if=/dev/zero", "of=/tmp/x", "bs=1M", "count=10000"], timeout=60)
        assert result.exit_code != 0
        assert int(container.exec(["stat", "-c", "%s", "/tmp/x"]).stdout) <= 64 << 20


def test_many_files_stop_soon_after_the_limit(engine: Engine, small: Small) -> None:
    before = names(engine)
    script = "i=0; while :; do i=$((i+1)); head -c 8000000 /dev/zero > /tmp/f$i; sleep 0.02; done"
    with small() as container:
        with pytest.raises(TrialError) as caught:
            container.exec(["sh", "-c", script], timeout=60)
        assert caught.value.cause == "disk_limit"
        # A further command would be stopped like this one: the files are still there.
        running = engine._api.top(container.id)["Processes"]
        assert not [process for process in running if "head" in " ".join(process)]
    assert names(engine) == before


def test_too_much_memory_is_told(small: Small) -> None:
    with small() as container:
        assert not container.stats().oom_killed
        result = container.exec(["sh", "-c", "tail /dev/zero; echo $?"], timeout=30)
        assert "137" in result.stdout
        state = container.stats()
        assert state.running and state.oom_killed
        assert state.cpu_seconds > 0 and state.memory_peak_bytes > 50 << 20


def test_nothing_is_left_after_an_interruption(engine: Engine, small: Small) -> None:
    before = names(engine)
    with pytest.raises(KeyboardInterrupt), small():
        raise KeyboardInterrupt
    assert names(engine) == before


def test_an_image_that_is_not_there(engine: Engine) -> None:
    from envfactory.records import Limits

    before = names(engine)
    with pytest.raises(TrialError), engine.container("envfactory/none:none", limits=Limits()):
        pass
    assert names(engine) == before


def test_a_container_that_vanishes_is_a_retryable_fault(engine: Engine, small: Small) -> None:
    with small() as container:
        other = small()
        other.id = container.id
        other.close()
        with pytest.raises(TrialError) as caught:
            container.exec(["true"])
        assert caught.value.cause == "container_gone" and caught.value.retryable
        with pytest.raises(TrialError):
            container.get("/etc/passwd")


def test_latencies(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    with small() as container:
        begun = time.monotonic() - started
        once = min(container.exec(["true"]).seconds for _ in range(5))
        leaving = time.monotonic()
    removed = time.monotonic() - leaving
    with capsys.disabled():
        print(f"\ncontainer start {begun:.2f} s, exec {once:.3f} s, removal {removed:.2f} s")
    assert begun < 10 and once < 2 and removed < 20
