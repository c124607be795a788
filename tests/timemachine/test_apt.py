"""Sources of apt in both forms, and the archive behind the server, against a canned mirror."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from envfactory.errors import UsageError
from envfactory.timemachine import TimeMachine
from envfactory.timemachine.apt import CONFIGURATION, SOURCES, described
from envfactory.timemachine.apt_sources import Source, configured_sources, matched, parse
from tests.timemachine.conftest import Upstream
from tests.timemachine.test_machine import CUT

WORDS = st.text("abcdefghij0123456789-", min_size=1, max_size=12)
SOURCES_OF_ANY_KIND = st.builds(
    Source,
    WORDS.map(lambda word: f"http://{word}.invalid/debian"),
    WORDS.map(lambda word: f"s{word}"),
    st.lists(WORDS, max_size=3).map(tuple),
    st.dictionaries(st.sampled_from(["arch", "signed-by"]), WORDS.map(lambda word: f"/{word}")),
)
STANZAS = """
# a comment
Types: deb deb-src
URIs: http://one.invalid/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/k.gpg

Types: deb
Enabled: no
URIs: http://two.invalid/debian
Suites: bookworm
Types: deb
URIs: https://three.invalid/debian-security/
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
"""


@given(st.lists(SOURCES_OF_ANY_KIND, max_size=5))
def test_lines_are_read_as_they_are_written(sources: list[Source]) -> None:
    assert parse("\n".join(source.line() for source in sources)) == sources


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    for source in parse(text):
        assert source.uri.startswith(("http://", "https://"))


def test_stanzas_and_lines() -> None:
    found = parse(
        STANZAS + "\ndeb-src http://x.invalid/d s main\ndeb [ arch=amd64 ] http://y.invalid/d s main # x\n"
    )
    assert [(source.uri, source.suite) for source in found] == [
        ("http://one.invalid/debian", "bookworm"),
        ("http://one.invalid/debian", "bookworm-updates"),
        ("https://three.invalid/debian-security", "bookworm-security"),
        ("http://y.invalid/d", "s"),
    ]
    assert found[0].components == ("main", "contrib")
    assert found[0].options == {"signed-by": "/usr/share/keyrings/k.gpg"}
    assert found[2].options == {} and found[3].options == {"arch": "amd64"}


def test_the_hosts_mirror_stands_in_for_the_image_s() -> None:
    host = [Source("http://here.invalid/debian", "trixie"), Source("http://old.invalid/debian", "bookworm")]
    image = [Source("http://there.invalid/debian", suite) for suite in ("bookworm", "trixie", "sid")]
    image.append(Source("http://vendor.invalid/apt", "stable"))
    assert [source.uri for source in matched(image, host)] == [
        "http://old.invalid/debian",
        "http://here.invalid/debian",
        "http://here.invalid/debian",
        "http://vendor.invalid/apt",
    ]


def test_the_files_of_this_machine(tmp_path: Path) -> None:
    assert configured_sources(tmp_path) == []
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.invalid/debian s main\n")
    (tmp_path / "sources.list.d/b.sources").write_text(STANZAS)
    assert [source.suite for source in configured_sources(tmp_path)][:2] == ["s", "bookworm"]


def test_what_a_path_says() -> None:
    file = described("http://m.invalid/debian/", ["pool", "t", "tree_1%3a2.1~rc-1_amd64.deb"])
    assert (file.project, file.version) == ("tree", "1:2.1~rc-1")
    assert file.url == "http://m.invalid/debian/pool/t/tree_1%253a2.1~rc-1_amd64.deb"
    digest = hashlib.sha256(b"x").hexdigest()
    assert described("u/", ["dists", "s", "by-hash", "SHA256", digest]).announced == ("sha256", digest)


def get(url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=20)


def test_packages_are_kept_and_indexes_asked_for_anew(upstream: Upstream, tmp_path: Path) -> None:
    mirror = upstream.url.replace("/simple/", "/debian")
    digest = hashlib.sha256(b"index").hexdigest()
    upstream.raw |= {
        "/debian/dists/s/InRelease": b"one",
        "/debian/pool/t/tree_2-1_all.deb": b"package",
        f"/debian/dists/s/main/by-hash/SHA256/{digest}": b"index",
        f"/debian/dists/s/main/by-hash/SHA256/{'0' * 64}": b"index",
    }
    upstreams = {"pypi": upstream.url, "apt": f"deb {mirror} s main"}
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams=upstreams) as machine:
        setup = machine.client_setup("apt", CUT, token="t")
        assert setup.environment == {"APT_CONFIG": CONFIGURATION}
        (source,) = parse(setup.files[SOURCES])
        assert source.suite == "s" and source.uri.startswith(machine.url("apt", CUT, token="t"))
        assert get(f"{source.uri}/dists/s/InRelease").content == b"one"
        upstream.raw["/debian/dists/s/InRelease"] = b"two"
        assert get(f"{source.uri}/dists/s/InRelease").content == b"two"
        for _ in range(2):
            assert get(f"{source.uri}/pool/t/tree_2-1_all.deb").content == b"package"
        assert upstream.count("tree_2-1") == 1
        assert get(f"{source.uri}/dists/s/main/by-hash/SHA256/{digest}").content == b"index"
        assert get(f"{source.uri}/dists/s/main/by-hash/SHA256/{'0' * 64}").status_code == 502
        assert get(f"{source.uri}/dists/s/Release").status_code == 404
        assert get(f"{source.uri}/pool/../../x").status_code == 404
        other = machine.url("apt", CUT) + "0123456789ab/pool/x.deb"
        assert get(other).status_code == 404, "only known archives are reached"
        (entry,) = machine.ledger("t")
        assert (entry.name, entry.version, entry.rule) == ("tree", "2-1", "undated")
        with pytest.raises(UsageError):
            machine.dated("apt", "tree", CUT)
    asked = len(upstream.asked)
    with TimeMachine(tmp_path, ["127.0.0.1"], offline=True, upstreams=upstreams, replay=[entry]) as replay:
        setup = replay.client_setup("apt", CUT)
        assert "Check-Valid-Until" in setup.files[CONFIGURATION]
        (source,) = parse(setup.files[SOURCES])
        assert get(f"{source.uri}/dists/s/InRelease").content == b"two"
        assert get(f"{source.uri}/pool/t/tree_2-1_all.deb").content == b"package"
        assert get(f"{source.uri}/pool/t/tree_3-1_all.deb").status_code == 404
    assert len(upstream.asked) == asked


def test_nothing_configured(upstream: Upstream, tmp_path: Path) -> None:
    upstreams = {"pypi": upstream.url, "apt": "# nothing"}
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams=upstreams) as machine:
        with pytest.raises(UsageError):
            machine.client_setup("apt", CUT)
        given = "deb http://there.invalid/debian s main"
        assert SOURCES in machine.client_setup("apt", CUT, given=given).files
