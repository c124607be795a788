"""Reading what archives publish: any number of lines, whatever is between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.debian.contents import Row, parse_contents, unwanted
from envfactory.debian.packages import Reader, names, stem, versions
from envfactory.debian.releases import parse_release
from envfactory.debian.sources import Source, parse_sources

WORD = st.from_regex(r"[a-z][a-z0-9+.-]{0,8}[a-z0-9]", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z_][\w.+ -]{0,12}\w", fullmatch=True)


@given(
    st.lists(
        st.tuples(st.lists(WORD, max_size=3), NAMES, st.lists(WORD, min_size=1, max_size=3, unique=True))
    ),
    st.lists(st.binary(max_size=30)),
)
def test_every_header_is_read_with_every_package(
    headers: list[tuple[list[str], str, list[str]]], junk: list[bytes]
) -> None:
    lines, expected = [], []
    for folders, name, packages in headers:
        directory = "/".join(["usr/include/x", *folders])
        places = ",".join(f"contrib/libdevel/{package}" for package in packages)
        lines.append(f"{directory}/{name}   {places}\n".encode())
        expected += [
            Row(name, directory, package) for package in packages if not unwanted(package, "libdevel")
        ]
    assert list(parse_contents(lines)) == expected
    assert [
        row for row in parse_contents([*junk, *lines]) if row.directory.startswith("usr/include/x")
    ] == expected


@pytest.mark.parametrize(
    "line",
    [
        "usr/share/doc/x/x.h  doc/x-doc",
        "usr/include/x.h  libdevel/libx-dev-arm64-cross",
        "usr/include/x.h  doc/libx-doc",
        "usr/include/x.h  debug/libx-dbg",
        "usr/bin/pytest  python/python3-pytest",
        "usr/include/python3.11/Python.h  libdevel/libpython3.11-dev",
        "usr/lib/python3/dist-packages/x/include/x.h  python/python3-x",
        "usr/x86_64-w64-mingw32/include/zlib.h  libdevel/libz-mingw-w64-dev",
        "usr/bin/x86_64-w64-mingw32-windres  devel/binutils-mingw-w64-x86-64",
        "usr/lib/x86_64-linux-gnu/libx.so.1  libs/lib32x1",
        "FILE                          LOCATION",
    ],
)
def test_what_nobody_means_is_left_out(line: str) -> None:
    assert not list(parse_contents([line.encode() + b"\n"]))


@given(st.lists(st.tuples(WORD, st.lists(WORD, max_size=4))))
def test_packages_and_their_users(stanzas: list[tuple[str, list[str]]]) -> None:
    text = "".join(
        f"Package: {name}\nSection: main/libs\nDepends: {', '.join(f'{d} (>= 1) | other' for d in needed)}\n"
        "Description: x\n Package: not this\n\n"
        for name, needed in stanzas
    )
    reader = Reader()
    found = list(reader.read(text.encode().splitlines(keepends=True)))
    assert [(item.name, item.section, item.source) for item in found] == [(n, "libs", n) for n, _ in stanzas]
    for word in {d for _, needed in stanzas for d in needed}:
        assert reader.users[word] == sum(word in needed for _, needed in stanzas)


def test_names_and_versions() -> None:
    assert names("a (>= 1) | b, c:any [amd64], d") == ("a", "c", "d")
    assert names("") == ()
    assert stem("libboost1.81-dev") == stem("libboost1.74-dev") == "libboost-dev"
    assert stem("libssl3t64") == stem("libssl1.1") == "libssl"
    assert versions("libboost1.81-dev") > versions("libboost1.9-dev")


def test_apt_says_where_from() -> None:
    printed = """\
'http://mirror.example/debian/dists/stable/InRelease' mirror.example_debian_dists_stable_InRelease 0
'http://mirror.example/debian/dists/stable/main/binary-amd64/Packages.xz' mirror.example_x_Packages 0
'http://mirror.example/debian/dists/stable/main/i18n/Translation-en.xz' mirror.example_x 0
'https://user:secret@other.example/x/dists/old/updates/main/binary-arm64/Packages' other.example_x 0
'file:/srv/archive/dists/stable/main/binary-amd64/Packages.xz' srv_x 0
"""
    assert parse_sources(printed) == (
        Source("http://mirror.example/debian", "stable", "main", "amd64"),
        Source("https://user:secret@other.example/x", "old/updates", "main", "arm64"),
    )
    assert parse_sources(printed)[0].release == "http://mirror.example/debian/dists/stable"


def test_lists_of_a_release() -> None:
    sha = "a" * 64
    listed = "\n".join(
        f" {sha} {size} {path}"
        for path, size in {
            "main/Contents-amd64": 9000,
            "main/Contents-amd64.gz": 900,
            "main/Contents-all.gz": 20,
            "main/Contents-arm64.gz": 900,
            "main/binary-amd64/Packages": 9,
            "main/binary-amd64/Packages.gz": 90,
            "main/binary-all/Packages.gz": 90,
            "contrib/Contents-amd64.gz": 20,
            "contrib/binary-amd64/Packages.xz": 90,
        }.items()
    )
    head = "Acquire-By-Hash: yes\nArchitectures: amd64 arm64\nSHA256:\n"
    sources = [
        Source("http://a", "s", part, arch) for part in ("main", "contrib") for arch in ("all", "amd64")
    ]
    release = parse_release(
        f"{head}{listed}\nSHA512:\n {'b' * 128} 1 main/Contents-all.gz\n", "http://a/s", sources
    )
    assert release.by_hash
    assert [item.path for item in release.files] == [
        "main/Contents-all.gz",
        "main/Contents-amd64.gz",
        "main/binary-amd64/Packages.gz",
    ]
    assert parse_release("not a release", "http://a/s", sources).files == ()
