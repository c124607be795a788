"""Repair: a display that nobody looks at, for tests that open windows.

An X server without a screen is started before the runner; toolkits that can draw into memory are told
to.  Nothing is rendered anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from envfactory.languages.declaration import Declaration
from envfactory.languages.surroundings.needs import need_of
from envfactory.languages.surroundings.prefixes import NOT_STARTED, block, label_of, with_block
from envfactory.records import Evidence

PACKAGE = "xvfb"
NUMBER = 99
"""Far from the numbers that a desktop uses; ``xvfb-run`` starts here too."""
_TOOLKITS: tuple[tuple[str, str, str], ...] = (
    (r"qt\.qpa\.|Qt platform plugin", "QT_QPA_PLATFORM", "offscreen"),
    (r"'headless' is currently running|Cannot load backend '(?:Qt|Tk|Gtk|GTK|wx)", "MPLBACKEND", "Agg"),
)
"""What is said -> variable and value that make the toolkit do without a display."""


def display(declaration: Declaration, said: Iterable[str]) -> tuple[Declaration, str, Evidence] | None:
    """``no display name and no $DISPLAY``, ``cannot open display``, ``could not load the Qt platform …``."""
    for line in said:
        for pattern, name, value in _TOOLKITS:
            if re.search(pattern, line) and name not in declaration.env:
                evidence = Evidence(
                    choice="variable", value=f"{name}={value}", rule="no display", text=line[:200]
                )
                changed = declaration.model_copy(update={"env": {**declaration.env, name: value}})
                return changed, f"set {name}={value}", evidence
        need = need_of(line)
        if (
            need is not None
            and need.word == "needs_display"
            and not label_of(declaration.test_prefix, "display")
        ):
            evidence = Evidence(choice="display", value=PACKAGE, rule="no display", text=line[:200])
            changed = declaration.model_copy(
                update={
                    "system_packages": tuple(sorted({*declaration.system_packages, PACKAGE})),
                    "test_prefix": with_block(declaration.test_prefix, block(script(), "display")),
                }
            )
            return changed, "start a display", evidence
    return None


def script() -> str:
    """Shell lines that start the X server unless it runs, and wait for its socket."""
    return f"""\
if [ ! -S /tmp/.X11-unix/X{NUMBER} ]; then
Xvfb :{NUMBER} -screen 0 1280x1024x24 -nolisten tcp </dev/null >/dev/null 2>&1 &
n=0
until [ -S /tmp/.X11-unix/X{NUMBER} ]; do
n=$((n+1))
if [ $n -gt 200 ]; then echo 'the display did not start' >&2; exit {NOT_STARTED}; fi
sleep 0.05
done
fi
export DISPLAY=:{NUMBER}"""
