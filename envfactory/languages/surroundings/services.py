"""Repair: start a service in the tests' own container, where the network is only the loopback.

The prefix starts it before the runner and waits until it answers; called again in the same container
it finds it answering.  Host names that the tests use for it are added to ``/etc/hosts``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from envfactory.languages.declaration import Declaration
from envfactory.languages.surroundings.needs import NO_ANSWER, service_of
from envfactory.languages.surroundings.prefixes import NOT_STARTED, block, label_of, with_block
from envfactory.languages.surroundings.service_table import SERVICES, Service
from envfactory.languages.surroundings.service_use import Use, scheme_of
from envfactory.records import Evidence

POLL_SECONDS = 0.05


def services(declaration: Declaration, said: Iterable[str]) -> tuple[Declaration, str, Evidence] | None:
    """Services that do not answer, or whose user, database or host name is unknown.

    ``said`` are lines: messages of tests and of the log.  Where a line only says that a connection was
    refused, the services that maintainers start for their own runs are meant.
    """
    heard = _heard(declaration, said)
    changed, words, reason = declaration, [], ""
    for name, lines in sorted(heard.items()):
        entry, kind = SERVICES[name], f"service:{name}"
        old = label_of(changed.test_prefix, kind).partition("?")[2]
        use = Use.parse(old) if old else Use(entry.port)
        use = use.heard(lines, started=bool(old)).configured(declaration.suggested_env, entry.schemes)
        if old and use.label() == old:
            continue
        changed = _with(changed, name, entry, use)
        words.append(f"{name} ({use.label().replace('&', ' ')})")
        reason = reason or lines[0]
    if not words:
        return None
    told = ", ".join(words)
    evidence = Evidence(choice="service", value=told, rule="it does not answer", text=reason[:200])
    return changed, f"start service {told}", evidence


def _heard(declaration: Declaration, said: Iterable[str]) -> dict[str, list[str]]:
    """Service that can be started -> lines that ask for it."""
    found: dict[str, list[str]] = {}
    unnamed: list[str] = []
    for line in said:
        name = service_of(line)
        if name in SERVICES:
            found.setdefault(name, []).append(line)
        elif not name and NO_ANSWER.search(line) and re.search("refused|connect", line, re.IGNORECASE):
            unnamed.append(line)
    if unnamed and not found:
        suggested = declaration.suggested_services
        found = {name: unnamed for name in suggested if name in SERVICES}
    return found


def _with(declaration: Declaration, name: str, entry: Service, use: Use) -> Declaration:
    prefix = block(script(name, use), f"service:{name}?{use.label()}")
    variables = {
        key: value
        for key, value in declaration.suggested_env.items()
        if key not in declaration.env
        and (
            scheme_of(value) in entry.schemes or (not scheme_of(value) and re.fullmatch(entry.variables, key))
        )
    }
    return declaration.model_copy(
        update={
            "system_packages": tuple(sorted({*declaration.system_packages, *entry.packages})),
            "test_prefix": with_block(declaration.test_prefix, prefix),
            "env": {**declaration.env, **variables},
        }
    )


def script(name: str, use: Use) -> str:
    """Shell lines that start the service unless it answers, and wait until it does.

    Nothing of it appears in the tests' output, but for the reason when it does not start: then the
    runner is not started either, so that no test is blamed.
    """
    entry = SERVICES[name]
    aliases = [
        f"grep -qw {host} /etc/hosts 2>/dev/null || echo '127.0.0.1 {host}' >> /etc/hosts"
        for host in sorted(use.hosts)
    ]
    prepare = entry.prepare(use)
    tries = round(entry.seconds / POLL_SECONDS)
    return f"""\
ready() {{ {entry.ready(use)}; }} </dev/null >/dev/null 2>&1
if ! ready; then
( {entry.start(use)}
) </dev/null >/dev/null 2>&1
n=0
until ready; do
n=$((n+1))
if [ $n -gt {tries} ]; then echo 'the service {name} did not start' >&2; exit {NOT_STARTED}; fi
sleep {POLL_SECONDS}
done
{f"( {prepare} ) </dev/null >/dev/null 2>&1" if prepare else ":"}
{chr(10).join(aliases) or ":"}
fi"""
