"""The tables of ``docs/commands.md`` and ``docs/configuration.md``, made from the program itself.

    python -m tests.commands.rendering      writes them anew

A table stands between ``<!-- options: NAME -->`` (or ``<!-- settings -->``) and ``<!-- end -->``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from envfactory.commands import app
from envfactory.settings import PREFIX, Settings, keys, meanings, values

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"(<!-- (options: [\w -]+|settings) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def commands() -> dict[str, Any]:
    """Full name -> command, without groups."""

    def walk(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(f"{prefix}{name} ", command)
            else:
                yield prefix + name, command

    return dict(walk("", typer.main.get_command(app)))


def option_table(command: Any) -> str:
    lines = ["| | |", "|---|---|"]
    for parameter in command.params:
        if parameter.name == "help":
            continue
        names = [*parameter.opts, *parameter.secondary_opts]
        metavar = parameter.metavar or ""
        if parameter.param_type_name == "argument":
            shown = f"`{metavar}`"
        else:
            value = "" if getattr(parameter, "is_flag", False) else f" {metavar}"
            shown = ", ".join(f"`{name}{value}`" for name in names)
        lines.append(f"| {shown} | {_cell(parameter.help or '')} |")
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    default = values(Settings())
    meaning = meanings()
    lines = ["| key | default | variable | meaning |", "|---|---|---|---|"]
    for key in keys():
        variable = PREFIX + key.upper().replace(".", "__")
        shown = {"cache": "the user's cache directory", "jobs": "automatic"}.get(
            key, f"`{json.dumps(default[key])}`"
        )
        lines.append(f"| `{key}` | {shown} | `{variable}` | {_cell(meaning[key])} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def expected() -> Mapping[str, str]:
    """Marker -> table."""
    tables = {f"options: {name}": option_table(command) for name, command in commands().items()}
    return tables | {"settings": settings_table()}


def rewritten(text: str) -> str:
    tables = expected()
    return BLOCK.sub(lambda match: match[1] + tables.get(match[2], "unknown\n") + match[4], text)


if __name__ == "__main__":
    for document in ("commands.md", "configuration.md"):
        path = DOCS / document
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
