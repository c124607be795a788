"""Which files are visible when: properties of the pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from envfactory.timemachine import dating, simple
from envfactory.timemachine.facts import File, format_date, parse_date

MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def a_file(number: int, when: datetime | None, project: str = "thing", requires: str = "") -> File:
    return File(
        project, str(number), f"{project}-{number}.tar.gz", "u", "0" * 64, when, requires_python=requires
    )


FILES = st.lists(MOMENTS, max_size=12).map(
    lambda moments: [a_file(i, when) for i, when in enumerate(moments)]
)


@given(FILES, MOMENTS)
def test_nothing_of_the_future_is_shown_without_saying_so(files: list[File], cutoff: datetime) -> None:
    dated = dating.visible("thing", files, cutoff)
    for file in dated.files:
        assert file.upload_time is not None
        assert file.upload_time <= cutoff or dated.rules[file.filename] == "earliest"
    if any(rule == "earliest" for rule in dated.rules.values()):
        assert all(file.upload_time > cutoff for file in files if file.upload_time)
        assert "earliest" in dated.warning


@given(FILES, MOMENTS)
def test_nothing_of_the_past_is_hidden(files: list[File], cutoff: datetime) -> None:
    shown = set(dating.visible("thing", files, cutoff).files)
    assert {file for file in files if file.upload_time and file.upload_time <= cutoff} <= shown
    assert bool(shown) == bool(files)


@given(FILES, MOMENTS, MOMENTS)
def test_a_later_date_shows_at_least_as_much(files: list[File], one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    first, second = dating.visible("thing", files, early), dating.visible("thing", files, late)
    if not first.warning:
        assert set(first.files) <= set(second.files)


@given(st.sampled_from(sorted(dating.FLOORS)), MOMENTS)
def test_what_nothing_here_can_use_has_a_floor(name: str, cutoff: datetime) -> None:
    floor = dating.FLOORS[name]
    old = a_file(1, floor - timedelta(days=900), name)
    new = a_file(2, floor - timedelta(days=1), name)
    later = a_file(3, floor + timedelta(days=1), name)
    dated = dating.visible(name, [old, new, later], cutoff)
    assert {old, new} <= set(dated.files)
    assert (later in dated.files) == (later.upload_time is not None and cutoff >= later.upload_time)
    assert (dated.rules.get(new.filename) == "floor") == (
        new.upload_time is not None and cutoff < new.upload_time
    )


def test_a_project_uploaded_again_is_shown_with_all_that_came_in_those_days() -> None:
    again = datetime(2022, 7, 8, tzinfo=UTC)
    files = [a_file(1, again), a_file(2, again + timedelta(days=1)), a_file(3, again + timedelta(days=400))]
    dated = dating.visible("thing", files, datetime(2018, 5, 1, tzinfo=UTC))
    assert [file.version for file in dated.files] == ["1", "2"]
    assert set(dated.rules.values()) == {"earliest"}
    assert "2022-07-08" in dated.warning


def a_wheel(version: str, when: datetime, tags: str = "cp36-cp36m-manylinux1_x86_64") -> File:
    return File("thing", version, f"thing-{version}-{tags}.whl", "u", "0" * 64, when)


def test_before_the_oldest_interpreter_the_first_wheels_for_it_are_shown() -> None:
    start, then = datetime(2016, 3, 1, tzinfo=UTC), datetime(2016, 12, 31, tzinfo=UTC)
    old, source = a_file(1, start), a_file(2, then - timedelta(days=20))
    files = [old, source, a_wheel("2", then), a_wheel("3", then + timedelta(days=60))]
    dated = dating.visible("thing", files, start + timedelta(days=40))
    assert [file.version for file in dated.files] == ["1", "2", "2"]
    assert set(dated.rules.values()) == {"wheel"} and old.filename not in dated.rules
    assert "the first with wheels" in dated.warning
    late = dating.visible("thing", files, then + timedelta(days=1))
    assert [file.version for file in late.files] == ["1", "2", "2"] and late.rules == {}
    for other in (
        a_wheel("2", then, "cp35-cp35m-manylinux1_x86_64"),
        a_wheel("2", then, "cp36-cp36m-win_amd64"),
        a_wheel("5", datetime(2021, 1, 14, tzinfo=UTC)),
    ):
        assert dating.visible("thing", [old, other], start + timedelta(days=40)).files == (old,)


def test_files_without_a_date_are_left_out_and_named() -> None:
    dated = dating.visible(
        "thing", [a_file(1, None), a_file(2, datetime(2010, 1, 1, tzinfo=UTC))], datetime.now(UTC)
    )
    assert [file.version for file in dated.files] == ["2"]
    assert "1 of 2" in dated.warning


def test_usable_by_an_old_client() -> None:
    files = [a_file(1, None), a_file(2, None, requires=">=3.7"), a_file(3, None, requires="nonsense")]
    assert [file.version for file in dating.usable(files, "3.6.8")] == ["1", "3"]


@given(MOMENTS)
def test_dates_survive_an_address(moment: datetime) -> None:
    assert parse_date(format_date(moment)) == moment.replace(microsecond=0)


def test_versions_of_file_names() -> None:
    for filename, project, version in (
        ("pytest-3.5.1.tar.gz", "pytest", "3.5.1"),
        ("zope.interface-4.0.0.zip", "zope-interface", "4.0.0"),
        ("more_itertools-4.1.0-py3-none-any.whl", "more-itertools", "4.1.0"),
        ("py-1.4.0-py2.7.egg", "py", "1.4.0"),
        ("Thing-0.1-dev-r7.tar.gz", "thing", "0.1-dev-r7"),
        ("some-thing-1.0.tar.bz2", "some-thing", "1.0"),
        ("pywin-214.win32-py2.6.exe", "pywin", "214.win32"),
    ):
        assert simple.version_of(filename, project) == version
