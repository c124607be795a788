"""How the tests of a project use a service: under which port, host names, users and databases.

Read from what clients say in vain, from variables that maintainers set, and from addresses; kept in
the label of the prefix, so that a later repair adds to it.  Names that a shell or SQL could misread
are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_LOCAL = re.compile(r"localhost|[\d.]+|")
_PORT = re.compile(
    r"(?:\bport[ =:]+|(?:localhost|127\.0\.0\.1|0\.0\.0\.0|::1\]?)['\"]?[:, ]+)(\d{4,5})\b", re.IGNORECASE
)
_HOSTS = (
    re.compile(r"host name \"([\w-]+)\""),
    re.compile(r"connect(?:ing)? to (?:host )?([\w-]+):\d+"),
    re.compile(r"server (?:at|on|host) ['\"]([\w-]+)(?::\d+)?['\"]"),
    re.compile(r"//(?:[^@/\s]*@)?([\w-]+)(?::\d+)?[/\s'\"]"),
)
_USERS = (re.compile(r"role \"([^\"]+)\" does not exist"), re.compile(r"for user \"?'?([\w.-]+)"))
_DATABASES = (
    re.compile(r"database \"([^\"]+)\" does not exist"),
    re.compile(r"Unknown database '([^']+)'"),
)
_USER_VARIABLE = re.compile(r"(?:^|_)(?:PGUSER|(?:POSTGRES|PG|MYSQL|MARIADB|DB|DATABASE)_USER(?:NAME)?)$")
_DATABASE_VARIABLE = re.compile(
    r"(?:^|_)(?:PGDATABASE|(?:POSTGRES|PG|MYSQL|MARIADB)_(?:DB|DATABASE|DBNAME)(?:_NAME)?|(?:DB|DATABASE)_NAME)$"
)


@dataclass(frozen=True)
class Use:
    """One service as these tests want it."""

    port: int
    hosts: frozenset[str] = frozenset()
    """Names other than ``localhost`` under which it is asked for."""
    users: frozenset[str] = frozenset()
    databases: frozenset[str] = frozenset()
    more: frozenset[int] = frozenset()
    """Further ports at which one of its kind is asked for, beside the first."""

    @property
    def ports(self) -> tuple[int, ...]:
        """All ports, the first one first."""
        return (self.port, *sorted(self.more - {self.port}))

    def label(self) -> str:
        """For the prefix: ``port=5432&user=app``; ``parse`` reads it."""
        pairs = [("port", str(port)) for port in self.ports]
        for key, values in (("host", self.hosts), ("user", self.users), ("database", self.databases)):
            pairs += [(key, value) for value in sorted(values)]
        return urlencode(pairs)

    @classmethod
    def parse(cls, label: str) -> Use:
        """What ``label`` wrote."""
        found = parse_qs(label)
        return cls(
            port=int(found["port"][0]),
            more=frozenset(map(int, found["port"][1:])),
            hosts=frozenset(found.get("host", ())),
            users=frozenset(found.get("user", ())),
            databases=frozenset(found.get("database", ())),
        )

    def heard(self, lines: Iterable[str], *, started: bool = False) -> Use:
        """With the names and the port of what clients said; another port once one is ``started``."""
        text = "\n".join(lines)
        ports = [port for port in map(int, _PORT.findall(text)) if 1 <= port <= 65535]
        port = self.port if started or not ports or self.port in ports else ports[0]
        return replace(
            self,
            port=port,
            more=self.more | (set(ports) - {port} if started else set()),
            hosts=self.hosts | {name for name in _named(text, _HOSTS) if not _LOCAL.fullmatch(name)},
            users=self.users | _named(text, _USERS),
            databases=self.databases | _named(text, _DATABASES),
        )

    def configured(self, variables: Mapping[str, str], schemes: tuple[str, ...]) -> Use:
        """With the names that variables and the addresses in them hold."""
        use = self
        for key, value in sorted(variables.items()):
            if _USER_VARIABLE.search(key) and NAME.fullmatch(value):
                use = replace(use, users=use.users | {value})
            elif _DATABASE_VARIABLE.search(key) and NAME.fullmatch(value):
                use = replace(use, databases=use.databases | {value})
            elif scheme_of(value) in schemes:
                use = use._addressed(value)
        return use

    def _addressed(self, address: str) -> Use:
        parts = urlsplit(address)
        host, user, database = parts.hostname or "", parts.username or "", parts.path.strip("/")
        keeps = NAME.fullmatch(host) and "." not in host and not _LOCAL.fullmatch(host)
        return replace(
            self,
            hosts=self.hosts | ({host} if keeps else set()),
            users=self.users | ({user} if NAME.fullmatch(user) else set()),
            databases=self.databases | ({database} if NAME.fullmatch(database) else set()),
        )


def scheme_of(value: str) -> str:
    """Scheme of an address without a driver's name: ``postgresql`` of ``postgresql+asyncpg://…``."""
    match = re.match(r"([a-z][a-z0-9]*)(?:\+\w+)?://", value)
    return match.group(1) if match else ""


def _named(text: str, patterns: Iterable[re.Pattern[str]]) -> frozenset[str]:
    found = (name for pattern in patterns for name in pattern.findall(text))
    return frozenset(name for name in found if NAME.fullmatch(name))
