"""Trajectories are read back as written, whatever they hold and wherever a crash cut them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.errors import UsageError
from envfactory.trainer import trajectory
from envfactory.trainer.trajectory import Trajectory


def test_where_the_time_went() -> None:
    events = [
        {"event": "start", "at": 0.0},
        {"event": "reasoning", "at": 1.0, "seconds": 1.0},
        {"event": "exec", "at": 2.0, "seconds": 3.0},
        {"event": "diff", "at": 6.0, "seconds": 0.5},
        {"event": "grade", "at": 7.0, "seconds": 4.0},
        {"event": "exec", "at": 12.0, "seconds": 1.0},
        {"event": "end", "at": 14.0},
    ]
    found = trajectory.timings(events)
    assert found == (7.0, 3.5, 3.5, 4.0)
    assert trajectory.timings(events[:3]) == (5.0, 3.0, 2.0, 0.0)


def test_long_texts_are_cut(tmp_path: Path) -> None:
    written = Trajectory(tmp_path / "t.jsonl")
    written.write("reasoning", text="x" * (trajectory.MAX_TEXT + 7))
    written.close()
    first, last = trajectory.read(tmp_path / "t.jsonl")
    assert first["text"].endswith("[... 7 characters left out ...]") and last["event"] == "end"


@given(
    texts=st.lists(st.text(max_size=40), max_size=5),
    cut=st.integers(1, 200),
)
def test_a_crash_keeps_whole_lines(texts: list[str], cut: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "t.jsonl")
        written = Trajectory(path)
        for text in texts:
            written.write("reasoning", text=text)
        written.close()
        events = trajectory.read(path)
        assert [event.get("text") for event in events] == [*texts, None]
        path.write_bytes(path.read_bytes()[:-cut])
        try:
            assert trajectory.read(path) == events[: len(trajectory.read(path))]
        except UsageError as error:  # cut inside a character
            assert "cannot read" in str(error)


def test_what_is_no_trajectory(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("{}\nnonsense\n{}\n")
    with pytest.raises(UsageError, match=r"t.jsonl:2 is not JSON"):
        trajectory.read(tmp_path / "t.jsonl")
    with pytest.raises(UsageError, match="cannot read"):
        trajectory.read(tmp_path / "none")
