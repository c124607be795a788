"""Which package is meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.debian import PackageLookup, choice
from envfactory.debian.index import Candidate
from envfactory.debian.sources import System
from tests.debian.archive import serving


@pytest.fixture(scope="module")
def lookup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageLookup]:
    cache: Path = tmp_path_factory.mktemp("cache")
    with serving() as archive, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        found = PackageLookup(lambda: System((archive.source,)), cache)
        found("header", "zlib.h")
        yield found


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [
        ("header", "zlib.h", "zlib1g-dev"),
        ("header", "jpeglib.h", "libjpeg62-turbo-dev"),
        ("header", "libxml/xpath.h", "libxml2-dev"),
        ("header", "curl/curl.h", "libcurl4-openssl-dev"),
        ("header", "hdf5.h", "libhdf5-dev"),
        ("header", "Eigen/Dense", "libeigen3-dev"),
        ("header", "tcl.h", "tcl8.6-dev"),
        ("header", "Python.h", ""),
        ("header", "config.h", ""),
        ("header", "a/config.h", "liba-dev"),
        ("header", "unheard/of.h", ""),
        ("library", "jpeg", "libjpeg62-turbo-dev"),
        ("library", "blas", "libblas-dev"),
        ("shared", "libGL.so.1", "libgl1"),
        ("shared", "libz.so.1", "zlib1g"),
        ("shared", "libz.so.2", ""),
        ("shared", "libplugin.so.1", ""),
        ("shared", "libhdf5.so", "libhdf5-dev"),
        ("pkg-config", "libxml-2.0", "libxml2-dev"),
        ("pkg-config", "libxml", ""),
        ("command", "ping", "iputils-ping"),
        ("command", "cargo", "cargo"),
        ("command", "pg_config", "libpq-dev"),
        ("command", "f95", "gfortran"),
        ("command", "python3.11", ""),
        ("file", "Gtk-3.0.typelib", "gir1.2-gtk-3.0"),
        ("file", "cmake/Eigen3Config.cmake", "libeigen3-dev"),
        ("package", "gfortran", "gfortran"),
        ("package", "libicu72=72.1-3", "libicu72"),
        ("package", "libicu72:amd64", "libicu72"),
        ("package", "libicu72:i386", ""),
        ("package", "libicu63", "libicu72"),
        ("package", "libicu99", ""),
        ("package", "libssl1.1", "libssl3t64"),
        ("package", "libglib2.0-0", "libglib2.0-0t64"),
        ("package", "libcurl-dev", "libcurl4-openssl-dev"),
        ("package", "libmysqlclient-dev", "default-libmysqlclient-dev"),
        ("package", "python3.9-dev", ""),
        ("package", "no-such-thing", ""),
        ("package", "", ""),
    ],
)
def test_answers(lookup: PackageLookup, kind: str, name: str, package: str) -> None:
    assert lookup(kind, name) == package


FOLDERS = [
    "usr/include",
    "usr/include/x86_64-linux-gnu",
    "usr/include/x",
    "usr/include/x/y",
    "usr/lib/z/include",
    "usr/bin",
]
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        directory=st.sampled_from(FOLDERS),
        package=st.from_regex(r"(lib)?[a-c][0-9]?(-dev|-openssl-dev|-bin)?", fullmatch=True),
        section=st.sampled_from(["libdevel", "libs", "rust", ""]),
        source=st.sampled_from("abcdefgh"),
        users=st.integers(0, 3),
        standard=st.integers(0, 1),
    ),
    max_size=12,
    unique_by=lambda item: (item.directory, item.package),
)


@given(CANDIDATES.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))), st.booleans())
def test_the_order_of_candidates_does_not_matter(
    lists: tuple[list[Candidate], list[Candidate]], development: bool
) -> None:
    first, second = lists
    place = choice.include_place("")
    facts = {item.package: item[2:] for item in first}
    first, second = ([Candidate(i.directory, i.package, *facts[i.package]) for i in some] for some in lists)
    found = choice.choose(first, "a.h", place, development=development)
    assert found == choice.choose(second, "a.h", place, development=development)
    assert choice.anonymous(first, place) == choice.anonymous(second, place)


@given(CANDIDATES, st.booleans())
def test_the_answer_has_the_file_where_it_is_looked_for(items: list[Candidate], development: bool) -> None:
    for place in (choice.include_place(""), choice.include_place("x"), choice.command_place):
        fitting = {item.package for item in items if place(item.directory) is not None}
        found = choice.choose(items, "a.h", place, development=development)
        assert found in fitting if fitting else found == ""
        ranks = [rank for item in items if (rank := place(item.directory)) is not None]
        best = {item.package for item in items if place(item.directory) == min(ranks, default=0)}
        assert not found or found in best
