"""What tests need around them: heard from messages, provided by a prefix of the test command."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Repair, Symptoms
from envfactory.languages.surroundings import clock, display
from envfactory.languages.surroundings.needs import VOCABULARY, Need, need_of
from envfactory.languages.surroundings.prefixes import block, blocks, label_of, runner_of, with_block
from envfactory.languages.surroundings.service_table import SERVICES
from envfactory.languages.surroundings.service_use import NAME, Use
from envfactory.languages.surroundings.services import script
from envfactory.records import Outcome, TestReport, TestResult
from tests.languages.trees import MemoryIndex

WHEN = datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
TODAY = date(2026, 3, 1)
DECLARATION = Declaration(language="python", name="mine", interpreters=("3.9",))
REFUSED = "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused."
NO_POSTGRES = 'psycopg2.OperationalError: connection to server at "localhost" (127.0.0.1), port 5432 failed'


def repaired(
    *messages: str,
    declaration: Declaration = DECLARATION,
    outcome: Outcome = Outcome.FAILED,
    log: str = "",
    env: Mapping[str, str] | None = None,
) -> Repair | None:
    results = {
        f"t.py::test_{n}": TestResult(outcome=outcome, message=text) for n, text in enumerate(messages)
    }
    report = TestReport(image_id="i", state="after", results=results)
    symptoms = Symptoms("tests", log, report, WHEN, MemoryIndex({}), when=WHEN)  # type: ignore[arg-type]
    if env is not None:
        declaration = declaration.model_copy(update={"suggested_env": env})
    return python.repair(declaration, symptoms)


@pytest.mark.parametrize(
    ("message", "need"),
    [
        (REFUSED, Need("needs_service", "redis")),
        ("Error -2 connecting to redis:6379. Name or service not known.", Need("needs_service", "redis")),
        (NO_POSTGRES, Need("needs_service", "postgresql")),
        ('FATAL:  role "app" does not exist', Need("needs_service", "postgresql")),
        (
            'could not translate host name "db" to address: Name or service not known',
            Need("needs_service", "postgresql"),
        ),
        (
            'connection to server on socket "/tmp/.s.PGSQL.5432" failed: No such file or directory',
            Need("needs_service", "postgresql"),
        ),
        (
            "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
            Need("needs_service", "postgresql"),
        ),
        (
            "(2003, \"Can't connect to MySQL server on 'localhost' ([Errno 111] Connection refused)\")",
            Need("needs_service", "mysql"),
        ),
        ("(1049, \"Unknown database 'app'\")", Need("needs_service", "mysql")),
        ("pymemcache.exceptions.MemcacheError: connection refused", Need("needs_service", "memcached")),
        ("pika.exceptions.AMQPConnectionError: connection refused", Need("needs_service", "rabbitmq")),
        (
            "pymongo.errors.ServerSelectionTimeoutError: localhost:27017: refused",
            Need("needs_service", "mongodb"),
        ),
        ("Skipped: requires a running redis", Need("needs_service", "redis")),
        ("Skipped: Postgres is not running", Need("needs_service", "postgresql")),
        ("requests.exceptions.ConnectionError: Max retries exceeded with url: /", Need("needs_network")),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", Need("needs_network")),
        ("_tkinter.TclError: no display name and no $DISPLAY environment variable", Need("needs_display")),
        ("locale.Error: unsupported locale setting", Need("needs_locale")),
        ("Failed: DID NOT RAISE <class 'PermissionError'>", Need("needs_non_root")),
        ("Skipped: cannot be run as root", Need("needs_non_root")),
        ("Skipped: requires root privileges", Need("needs_root")),
        (
            "ssl.SSLCertVerificationError: certificate verify failed: certificate has expired",
            Need("date_dependent"),
        ),
        ("AssertionError: assert '2026-03-01' == '2019-05-06'", Need("date_dependent")),
        ("RuntimeError: can't start new thread", Need("needs_processes")),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/testbed/data/x'",
            Need("needs_test_data"),
        ),
        (
            "ValueError: SHA b'2da3232f9d58e7761e384ac6d32f7b1ed77a74a2' could not be resolved, git returned",
            Need("needs_history"),
        ),
        ("fatal: No names found, cannot describe anything.", Need("needs_history")),
        ("gitdb.exc.BadName: Ref '0.3.1' did not resolve to an object", Need("needs_history")),
        ("AssertionError: SHA of b is missing", None),
        ("AssertionError: assert 2026 rows", None),
        ("AssertionError: assert 1 == 2", None),
        ("ModuleNotFoundError: No module named 'pymongo'", None),
        ("Skipped: requires pymemcache", None),
        ("could not import 'redis': No module named 'redis'", None),
    ],
)
def test_needs(message: str, need: Need | None) -> None:
    assert need_of(message, TODAY) == need


@given(st.text(max_size=300))
def test_any_message_has_at_most_one_word_of_the_vocabulary(message: str) -> None:
    need = need_of(message, TODAY)
    assert need is None or need.word in VOCABULARY


def test_a_service_that_does_not_answer_is_started() -> None:
    found = repaired(REFUSED)
    assert found is not None
    assert found.change == "start service redis (port=6379)"
    assert found.declaration.system_packages == ("redis-server",)
    command = python.test_command(found.declaration)
    assert command[:2] == ("/bin/sh", "-c") and command[4].endswith("python")
    assert repaired(REFUSED, declaration=found.declaration) is None


def test_two_services_stand_one_before_the_other() -> None:
    found = repaired(REFUSED, NO_POSTGRES)
    assert found is not None
    labels = [words[3].partition("?")[0] for words in blocks(found.declaration.test_prefix)]
    assert labels == ["service:postgresql", "service:redis"]


def test_what_a_service_lacks_is_added_to_it() -> None:
    found = repaired(NO_POSTGRES)
    assert found is not None
    again = repaired('FATAL:  database "shop" does not exist', declaration=found.declaration)
    assert again is not None
    assert label_of(again.declaration.test_prefix, "service:postgresql") == (
        "service:postgresql?port=5432&database=shop"
    )
    assert len(list(blocks(again.declaration.test_prefix))) == 1


def test_maintainers_variables_name_users_databases_and_hosts() -> None:
    env = {
        "DATABASE_URL": "postgresql+asyncpg://app:secret@db:5432/shop",
        "POSTGRES_USER": "owner",
        "OTHER": "x",
        "REDIS_URL": "redis://cache",
    }
    found = repaired(NO_POSTGRES, env=env)
    assert found is not None
    label = label_of(found.declaration.test_prefix, "service:postgresql")
    assert Use.parse(label.partition("?")[2]) == Use(
        5432, frozenset({"db"}), frozenset({"app", "owner"}), frozenset({"shop"})
    )
    assert set(found.declaration.env) == {"DATABASE_URL", "POSTGRES_USER"}


def test_a_service_that_cannot_be_started_is_left_alone() -> None:
    assert repaired("pymongo.errors.ServerSelectionTimeoutError: connection refused") is None


def test_skip_reasons_ask_for_services_too() -> None:
    found = repaired("Redis is not running", outcome=Outcome.SKIPPED)
    assert found is not None and found.change.startswith("start service redis")


NAMES = st.frozensets(st.from_regex(NAME, fullmatch=True), max_size=3)


@given(st.integers(1, 65535), NAMES, NAMES, NAMES)
def test_a_use_survives_its_label(
    port: int, hosts: frozenset[str], users: frozenset[str], databases: frozenset[str]
) -> None:
    use = Use(port, hosts, users, databases)
    assert Use.parse(use.label()) == use


@given(st.lists(st.text(max_size=80), max_size=5))
def test_whatever_clients_say_the_script_stays_one(lines: list[str]) -> None:
    use = Use(5432).heard([f'role "{line}" does not exist' for line in lines])
    assert all(NAME.fullmatch(name) for name in use.users)
    assert 1 <= use.port <= 65535


@pytest.mark.parametrize("name", SERVICES)
def test_scripts_are_shell(name: str) -> None:
    use = Use(1234, frozenset({"db"}), frozenset({"app"}), frozenset({"shop"}))
    for text in (script(name, use), clock.script(WHEN), display.script()):
        subprocess.run(["/bin/sh", "-n", "-c", text], check=True)
        assert shlex.split(shlex.quote(text)) == [text]


def test_prefixes_keep_their_order_and_other_words() -> None:
    one, two, three = block("a", "service:redis?port=1"), block("b", "clock"), block("c", "display")
    prefix = with_block(with_block(("nice",), two), one)
    assert prefix == (*one, *two, "nice")
    assert with_block(prefix, three) == (*one, *three, *two, "nice")
    assert runner_of((*prefix, "pytest", "-q")) == ("nice", "pytest", "-q")
    newer = block("d", "service:redis?port=2")
    assert with_block(prefix, newer) == (*newer, *two, "nice")
    with pytest.raises(ValueError, match="not a kind"):
        block("x", "unknown")


def test_a_block_becomes_the_runner() -> None:
    prefix = with_block(block("echo first >&2", "clock"), block("export WORD=second", "display"))
    done = subprocess.run(
        [*prefix, "/bin/sh", "-c", 'echo "$WORD $1"; exit 3', "x", "a b"], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr, done.returncode) == ("second a b\n", "first\n", 3)


def test_the_clock_is_set_back_only_where_dates_matter() -> None:
    expired = "ssl.SSLCertVerificationError: certificate has expired"
    found = repaired(expired, expired)
    assert found is not None
    assert found.change == "clock at 2019-05-06"
    assert label_of(found.declaration.test_prefix, "clock") == "clock"
    assert repaired(expired, declaration=found.declaration) is None
    assert repaired(expired, *["assert 1 == 2"] * 30) is None


def test_a_display_and_toolkits_that_need_none() -> None:
    found = repaired("_tkinter.TclError: no display name and no $DISPLAY environment variable")
    assert found is not None and found.declaration.system_packages == ("xvfb",)
    found = repaired(log='qt.qpa.plugin: Could not load the Qt platform plugin "xcb" in ""')
    assert found is not None and found.declaration.env == {"QT_QPA_PLATFORM": "offscreen"}


def test_locales_then_the_one_of_the_maintainers() -> None:
    message = "locale.Error: unsupported locale setting"
    found = repaired(message, env={"LANG": "de_DE.UTF-8"})
    assert found is not None and found.change == "add package locales-all"
    found = repaired(message, declaration=found.declaration)
    assert found is not None and found.declaration.env == {"LANG": "de_DE.UTF-8"}


def test_a_second_port_is_another_server_of_the_kind() -> None:
    use = Use(6379).heard(["Error 111 connecting to localhost:6379."])
    more = use.heard(["Error 99 connecting to localhost:36379. Cannot assign"], started=True)
    assert more.ports == (6379, 36379)
    assert Use.parse(more.label()) == more
    started = script("redis", more)
    assert "--port 6379" in started and "--port 36379" in started
    assert Use(6379).heard(["connecting to localhost:7000"]).ports == (7000,)
