"""Shell text of maintainers (CI steps, Makefiles, Dockerfiles) as simple calls: words and variables.

No shell: quoting, continuation lines and the separators between commands are understood, everything that
would have to be evaluated stays in the words as ``$…`` for the caller to refuse.  Nothing is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
SUBSTITUTION = re.compile(r"\$\([^()]*\)|`[^`]*`")
KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "!", "{", "time", "exec", "sudo", "env"})
_RETRIES = frozenset({"travis_retry", "travis_wait", "retry", "eatmydata"})
SEPARATORS = frozenset("&|;()\n")
VARIABLE = "$EXPRESSION"
"""What stands for anything that only a run could know."""

DEBIAN_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_APT = frozenset({"apt", "apt-get", "aptitude", "apt-fast"})
_APT_VALUED = frozenset({"-t", "-o", "-c", "--target-release", "--option", "--config-file"})


@dataclass(frozen=True)
class Call:
    """One command: its words, and the variables set for it alone."""

    words: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def calls(text: str) -> Iterator[Call]:
    """Every simple command of a script, in order; control words and ``sudo`` are gone."""
    text = EXPRESSION.sub(VARIABLE, text)
    text = SUBSTITUTION.sub(VARIABLE, re.sub(r"\\\r?\n", " ", text))
    for line in text.splitlines():
        words: list[str] = []
        for word in _words(line):
            if word and set(word) <= SEPARATORS:
                yield from _call(words)
                words = []
            else:
                words.append(word)
        yield from _call(words)


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;()")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # a quote that closes on another line
        return line.split()


def _call(words: list[str]) -> Iterator[Call]:
    env: dict[str, str] = {}
    for position, word in enumerate(words):
        match = ASSIGNMENT.fullmatch(word)
        if match:
            env[match.group(1)] = match.group(2)
        elif word not in KEYWORDS | _RETRIES and word not in {"-E", "-H"}:
            yield Call(tuple(words[position:]), env)
            return
    if env:
        yield Call(("export",), env)


def exported(call: Call) -> dict[str, str]:
    """Variables that ``export A=b`` (or a bare ``A=b``) sets for what follows."""
    if call.words[:1] != ("export",):
        return {}
    matches = (ASSIGNMENT.fullmatch(word) for word in call.words[1:])
    return {**call.env, **{match.group(1): match.group(2) for match in matches if match}}


def apt_packages(call: Call) -> tuple[str, ...]:
    """Names of Debian packages that the call installs, without versions and architectures."""
    words = call.words
    if not words or words[0].rpartition("/")[2] not in _APT or "install" not in words:
        return ()
    found: list[str] = []
    skip = False
    for word in words[words.index("install") + 1 :]:
        name = re.split(r"[=:/]", word)[0]
        if not skip and "$" not in word and DEBIAN_NAME.fullmatch(name):
            found.append(name)
        skip = word in _APT_VALUED
    return tuple(found)


def pip_words(call: Call) -> tuple[str, ...]:
    """What a ``pip install`` (also of uv, also by ``python -m``) is given; empty for any other call."""
    words = call.words
    if "install" not in words[:5]:
        return ()
    at = words.index("install")
    names = [word.rpartition("/")[2] for word in words[:at] if not word.startswith("-")]
    if not names or not re.fullmatch(r"pip[\d.]*", names[-1]):
        return ()
    return words[at + 1 :]
