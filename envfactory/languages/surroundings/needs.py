"""What a test's message says is missing around it, in the words of a fixed vocabulary.

``docs/environments.md`` explains each word.  A message is one line, as collectors write it.  Nothing
here says what to do about it: ``repairs`` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from envfactory.languages.surroundings.service_table import CLIENTS, PORTS

NO_ANSWER = re.compile(
    r"refused|cannot connect|can't connect|could not connect|connecting to|connection (?:failed|error|reset)"
    r"|connecterror|ConnectionError|unreachable|not (?:running|available|reachable|started)|timed? ?out"
    r"|is the server running|no such file or directory|ConnectionDoesNotExist",
    re.IGNORECASE,
)
"""Together with a service's port or name: it does not answer."""
_NO_NAME = re.compile(
    r"name resolution|name or service not known|getaddrinfo|nodename nor servname|could not resolve host"
    r"|could not translate host name|Error -[235] connecting",
    re.IGNORECASE,
)
_NO_PART = re.compile(
    r"(?:role|database) \"[\w.-]+\" does not exist|Unknown database|Access denied for user", re.IGNORECASE
)
_ALIASES = {"postgres": "postgresql", "mongo": "mongodb", "mariadb": "mysql"}
_NAMES = "|".join((*CLIENTS, *_ALIASES))
_WANTED = re.compile(
    rf"\b({_NAMES})\b.{{0,30}}(?:(?:not|isn't) (?:running|reachable|started)|refused)"
    rf"|(?:requires?|needs?|no) (?:an? |the )?(?:running |live |local |accessible )?({_NAMES}) "
    rf"(?:server|database|db|instance|service|broker|daemon)\b"
    rf"|(?:running|live|reach|connect(?:ion)? to) (?:an? |the )?({_NAMES})\b",
    re.IGNORECASE,
)
_PORT = re.compile(r"(?<![\d.])(\d{3,5})(?![\d.]*\d)")
_REPAIRABLE = ("needs_service", "needs_display", "needs_locale", "date_dependent")

_TABLE: tuple[tuple[str, str], ...] = (
    (
        "needs_display",
        r"no display name and no \$DISPLAY|could(?: not|n't) connect to display|unable to open display"
        r"|cannot open display|Xlib\.error\.Display|DisplayConnectionError|\bXOpenDisplay\b"
        r"|no X(?:11)? (?:display|server)|qt\.qpa\.(?:xcb|plugin)|Qt platform plugin"
        r"|(?:requires?|needs?|no) (?:an? )?(?:GUI |graphical )?\$?display\b|'headless' is currently running"
        r"|cannot connect to X server|Unable to init server|GLFWError|Gtk couldn't be initialized",
    ),
    (
        "needs_browser",
        r"Could not find firefox|\b(?:gecko|chrome|edge)driver\b|cannot find (?:Chrome|Firefox|MSEdge) binary"
        r"|Executable doesn't exist at \S*(?:chrom|firefox|webkit)|playwright install"
        r"|(?:requires?|needs?|no) (?:an? )?(?:web )?browser\b",
    ),
    (
        "needs_locale",
        r"unsupported locale setting|locale\.Error|(?:requires?|needs?|no) [\w.-]+ locale\b"
        r"|locale [\w.\-\"']+ (?:is )?not (?:available|installed|supported)",
    ),
    (
        "needs_non_root",
        r"DID NOT RAISE.*PermissionError|PermissionError not raised|\bnon-?root\b|as root user"
        r"|(?:cannot|can't|must not|should not|not) be (?:run|executed) (?:as|by|with) (?:the )?\W?root"
        r"|(?:running|run|executed) (?:as|by) (?:the )?root\b|(?:user|uid) is root"
        r"|root (?:user )?(?:can|ignores|bypass)",
    ),
    (
        "needs_root",
        r"(?:requires?|needs?|must (?:be|run as)|only (?:as|for)) (?:\w+ )?(?:root|superuser)\b"
        r"|Operation not permitted|CAP_[A-Z_]+ ",
    ),
    (
        "date_dependent",
        r"certificate (?:has expired|is not yet valid|expired)|CERTIFICATE_HAS_EXPIRED|in the past\b"
        r"|ExpiredSignature|signature has expired|token (?:has |is )?expired|not[ _]?(?:valid )?after\b"
        r"|must be in the future",
    ),
    (
        "needs_shared_memory",
        r"/dev/shm|shared memory.*(?:no space|exceed)|No space left on device: '/psm_|bus error",
    ),
    (
        "needs_processes",
        r"can't start new thread|Resource temporarily unavailable|cannot allocate memory.*fork|RLIMIT_NPROC",
    ),
    (
        "test_deadlines",
        r"DeadlineExceeded|Unreliable test timings|FailedHealthCheck|HealthCheck\.too_slow",
    ),
    (
        "needs_submodule",
        r"submodules? (?:is |are )?not (?:initiali[sz]ed|checked out|updated)|git submodule (?:update|init)",
    ),
    (
        "needs_history",
        r"\bSHA\b.*[0-9a-f]{40}.*(?:missing|not be resolved)|bad object \W?(?:[0-9a-f]{7}|refs/|HEAD)"
        r"|unknown revision or path|bad revision '|no names found, cannot describe|no tags can describe"
        r"|not a valid (?:object|commit) name|Ref '[^']+' did not resolve",
    ),
    (
        "needs_network",
        r"name resolution|name or service not known|network is unreachable|getaddrinfo|SocketBlockedError"
        r"|max retries exceeded|connection refused|could not resolve host|nodename nor servname"
        r"|failed to establish a new connection|clientconnectorerror|connecterror|urlopen error"
        r"|(?:requires?|needs?|no) (?:an? )?(?:active )?(?:network|internet)\b"
        r"|network (?:access )?(?:is )?(?:not available|disabled|unavailable)",
    ),
    ("needs_test_data", r"No such file or directory: '/testbed/"),
)
"""Word -> pattern, in order: the more particular first."""

_PATTERNS = tuple((word, re.compile(pattern, re.IGNORECASE)) for word, pattern in _TABLE)
VOCABULARY = ("needs_service", *(word for word, _ in _TABLE))
"""Every word that ``need_of`` says."""


@dataclass(frozen=True)
class Need:
    """``word`` is one of ``VOCABULARY``; ``what`` names the service where it is ``needs_service``."""

    word: str
    what: str = ""

    @property
    def repairable(self) -> bool:
        """Something of this package may provide it."""
        return self.word in _REPAIRABLE


def need_of(message: str, today: date | None = None) -> Need | None:
    """What the message says is missing; ``today`` is the day of the run."""
    return _need_of(message, today or datetime.now(UTC).date())


@lru_cache(maxsize=4096)
def _need_of(message: str, today: date) -> Need | None:
    if service := service_of(message):
        return Need("needs_service", service)
    word = next((word for word, pattern in _PATTERNS if pattern.search(message)), "")
    if not word and speaks_of_today(message, today):
        word = "date_dependent"
    return Need(word) if word else None


def service_of(message: str) -> str:
    """The service that does not answer, by the words of its client, its name or its port; else empty."""
    if _NO_PART.search(message) or NO_ANSWER.search(message) or _NO_NAME.search(message):
        for name, pattern in CLIENTS.items():
            if pattern.search(message):
                return name
    if match := _WANTED.search(message):
        word = str(next(filter(None, match.groups()))).lower()
        return _ALIASES.get(word, word)
    if not re.search(r"refused|connect", message, re.IGNORECASE):
        return ""
    return next((PORTS[int(port)] for port in _PORT.findall(message) if int(port) in PORTS), "")


def speaks_of_today(message: str, today: date) -> bool:
    """A failed comparison that holds today's year beside another: ``assert '2026' == '2019'``."""
    if not re.search(r"assert|!=|==|not equal", message, re.IGNORECASE):
        return False
    years = set(re.findall(r"(?<!\d)((?:19|20)\d\d)(?!\d)", message))
    return str(today.year) in years and len(years) > 1
