"""Repair: the locales that tests ask for by name, and the one that maintainers run them under."""

from __future__ import annotations

import re
from collections.abc import Iterable

from envfactory.languages.declaration import Declaration
from envfactory.languages.surroundings.needs import Need, need_of
from envfactory.records import Evidence

PACKAGE = "locales-all"
VARIABLE = re.compile(r"LANG|LANGUAGE|LC_[A-Z]+")


def locales(declaration: Declaration, said: Iterable[str]) -> tuple[Declaration, str, Evidence] | None:
    """``unsupported locale setting``: all locales of the distribution, then the maintainers' own choice."""
    line = next((line for line in said if need_of(line) == Need("needs_locale")), "")
    if not line:
        return None
    if PACKAGE not in declaration.system_packages:
        packages = tuple(sorted({*declaration.system_packages, PACKAGE}))
        evidence = Evidence(
            choice="system package", value=PACKAGE, rule="a locale is missing", text=line[:200]
        )
        return (
            declaration.model_copy(update={"system_packages": packages}),
            f"add package {PACKAGE}",
            evidence,
        )
    chosen = {
        key: value
        for key, value in declaration.suggested_env.items()
        if VARIABLE.fullmatch(key) and declaration.env.get(key) != value
    }
    if not chosen:
        return None
    told = " ".join(f"{key}={value}" for key, value in sorted(chosen.items()))
    evidence = Evidence(
        choice="variable", value=told, rule="the locale of the maintainers' runs", text=line[:200]
    )
    return declaration.model_copy(update={"env": {**declaration.env, **chosen}}), f"set {told}", evidence
