from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.exporters.hidden import joined, split
from envfactory.records import HiddenFile, SpeedTerm
from tests.exporters import sample

PATHS = st.sampled_from(
    ["tests/a.py", "tests/A.py", "tests/.gitignore", "a b.txt", "tests/data/é.bin", "x/y/z.json"]
)
MODES = st.sampled_from(["100644", "100755", "120000"])
FILES = st.lists(
    st.builds(sample.hidden, PATHS, st.binary(max_size=30) | st.just(b"text\n") | st.just(b"a\r\n"), MODES),
    unique_by=lambda file: file.path,
)


@given(files=FILES)
def test_joining_undoes_splitting(files: list[HiddenFile], tmp_path_factory: pytest.TempPathFactory) -> None:
    tests = tmp_path_factory.mktemp("tests")
    speed = SpeedTerm(beta=0.5, baseline_seconds=(1.5, 2.0), baseline_cpu_seconds=(1.0, 1.0))
    spec = sample.reward_spec(hidden_files=(*files, HiddenFile(path="gone.py")), speed=speed)
    data, texts = split(spec)
    for name, content in texts.items():
        (tests / name).parent.mkdir(parents=True, exist_ok=True)
        (tests / name).write_bytes(content)
        content.decode("utf-8")
    again = joined(json.loads(json.dumps(data)), tests, speed.model_dump(mode="json"))
    assert again == spec and again.digest == spec.digest


def test_text_stays_readable_and_the_rest_goes_into_json(tmp_path: Path) -> None:
    files = (
        sample.hidden("tests/a.py", b"def test(): pass\n"),
        sample.hidden("tests/.gitattributes", b"* text\n"),
        sample.hidden("tests/x.bin", b"\0\1"),
        sample.hidden("tests/crlf.txt", b"a\r\n"),
        sample.hidden("tests/link", b"/etc/passwd", "120000"),
        HiddenFile(path="tests/old.py"),
    )
    data, texts = split(sample.reward_spec(hidden_files=files))
    assert texts == {"files/tests/a.py": b"def test(): pass\n"}
    assert [("content" in entry) for entry in data["hidden_files"]] == [False, True, True, True, True, True]


def test_an_altered_text_is_refused(tmp_path: Path) -> None:
    data, texts = split(sample.reward_spec())
    for name in texts:
        sample.put(tmp_path / name, "other\n")
    with pytest.raises(ValueError, match="not the file that was exported"):
        joined(data, tmp_path)
