"""Images in use are seen by every thread and process; sizes count each layer once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envfactory.engine.facts import ImageInfo
from envfactory.engine.holdings import Holdings, chain
from envfactory.engine.uses import Uses
from envfactory.records import Layer


def free(uses: Uses, name: str) -> bool:
    with uses.alone(name) as alone:
        return alone


def test_what_a_stage_names_is_in_use_until_it_ends(tmp_path: Path) -> None:
    uses = Uses(tmp_path)
    uses.note("envfactory/system:1")
    assert free(uses, "envfactory/system:1"), "outside a stage nothing is held"
    with uses.stage():
        uses.note("envfactory/system:1")
        uses.note("envfactory/system:1")
        with uses.stage():
            uses.note("envfactory/system:2")
        assert free(uses, "envfactory/system:2")
        assert not free(uses, "envfactory/system:1")
        assert not free(Uses(tmp_path), "envfactory/system:1")
    assert free(uses, "envfactory/system:1")


def test_a_stage_waits_for_a_removal(tmp_path: Path) -> None:
    uses, events = Uses(tmp_path), list[str]()

    def stage() -> None:
        with uses.stage():
            uses.note("x")
            events.append("looked")

    with uses.alone("x") as alone:
        thread = threading.Thread(target=stage)
        thread.start()
        thread.join(0.2)
        events.append("removed")
    thread.join()
    assert alone and events == ["removed", "looked"]


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from envfactory.engine.uses import Uses\n"
    code += "uses = Uses(Path(sys.argv[1]))\n"
    code += "with uses.stage():\n  uses.note('x'); print('held', flush=True); input()"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert not free(Uses(tmp_path), "x")
        process.kill()
        process.wait()
        assert free(Uses(tmp_path), "x")


layers = st.lists(st.sampled_from("abcd"), max_size=4)


@given(st.lists(layers, max_size=6, unique_by=tuple))
def test_every_layer_counts_once_and_all_is_freed_in_the_end(stacks: list[list[str]]) -> None:
    images = [
        ImageInfo(str(n), (), 0, tuple(Layer(diff_id=one, bytes=ord(one)) for one in stack))
        for n, stack in enumerate(stacks)
    ]
    prefixes = {tuple(stack[: n + 1]) for stack in stacks for n in range(len(stack))}
    holdings = Holdings(images)
    assert holdings.bytes == sum(ord(prefix[-1]) for prefix in prefixes)
    for image in images:
        before, promised = holdings.bytes, holdings.freed_by(image)
        assert holdings.without(image) == promised == before - holdings.bytes
        assert holdings.without(image) == 0, "an image goes once"
    assert holdings.bytes == 0


def test_equal_content_on_another_base_is_stored_again() -> None:
    one, two = Layer(diff_id="a", bytes=1), Layer(diff_id="b", bytes=2)
    assert [size for _, size in chain((one, two))] == [1, 2]
    assert dict(chain((one, two))).keys() != dict(chain((two, one))).keys()
