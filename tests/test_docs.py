"""What the documents say can be done: commands, options, files and names exist."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from typer.models import CommandInfo
from typer.testing import CliRunner

from envfactory.commands import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"envfactory ([a-z]+(?:-[a-z]+)*)((?: [^\n`#|]*)?)")


def name(path: Path) -> str:
    return path.name


def help_of(command: str) -> str:
    result = CliRunner().invoke(
        app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    )
    assert result.exit_code == 0, f"there is no command {command}"
    return result.output


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_options_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = [line[2:] for block in fenced(text, "console") for line in block.splitlines() if line[:2] == "$ "]
    for line in [*shown, *re.findall(r"`(envfactory [^`]+)`", text)]:
        for command, rest in COMMAND.findall(line):
            help_text = help_of(command)
            for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest):
                assert option in help_text, f"{command} has no {option}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_in_the_documents_imports_what_exists(page: Path) -> None:
    for block in fenced(page.read_text(encoding="utf-8"), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("envfactory"):
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    assert hasattr(module, alias.name)


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert (
        set(re.findall(r"\bmake ([a-z]+)\b", " ".join(fenced((ROOT / "README.md").read_text(), "console"))))
        <= targets
    )


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: str(command.name))
def test_every_command_has_an_example(command: CommandInfo) -> None:
    assert "Examples" in (command.callback.__doc__ or "")
