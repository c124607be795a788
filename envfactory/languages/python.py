"""Python: the plug-in that satisfies ``Language``; its rules live one module each in ``python_rules``,
what its tests are tried out with in ``python_oracle``.

Nothing is decided here: this module only gives the rules the names that the stages call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envfactory.languages.python_oracle.comparison import behaviour, fingerprint, statements
from envfactory.languages.python_oracle.layout import comments_added, reformatted
from envfactory.languages.python_oracle.mutation import mutants
from envfactory.languages.python_oracle.ordering import functions_reordered, imports_reordered
from envfactory.languages.python_oracle.reading import is_program
from envfactory.languages.python_oracle.renaming import renamed_locals
from envfactory.languages.python_rules.amend import amend
from envfactory.languages.python_rules.declare import declare
from envfactory.languages.python_rules.drivers import related_modules, test_modules
from envfactory.languages.python_rules.install import ENVIRONMENT
from envfactory.languages.python_rules.interface import interface
from envfactory.languages.python_rules.project import MANIFESTS
from envfactory.languages.python_rules.rebuild import builds_native, needs_rebuild
from envfactory.languages.python_rules.repairs import repair
from envfactory.languages.python_rules.resolve import resolve
from envfactory.languages.python_rules.runner import COLLECTOR, PROTECTED, TRACER, test_command
from envfactory.languages.python_rules.source_change import changes_behaviour, has_new_checks, same_source
from envfactory.languages.python_rules.testfiles import file_kinds
from envfactory.languages.python_rules.too_early import too_early
from envfactory.records import Evidence

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

NAME = "python"
DOCKERFILE = "python.Dockerfile.j2"
DEPENDENCIES = "python.dependencies.sh.j2"
IMAGE_ENV = {"VIRTUAL_ENV": ENVIRONMENT}
EQUAL_VARIANTS = {
    "reformatted": reformatted,
    "comments_added": comments_added,
    "renamed_locals": renamed_locals,
    "imports_reordered": imports_reordered,
    "functions_reordered": functions_reordered,
}

__all__ = [
    "COLLECTOR",
    "DEPENDENCIES",
    "DOCKERFILE",
    "EQUAL_VARIANTS",
    "IMAGE_ENV",
    "NAME",
    "PROTECTED",
    "TRACER",
    "amend",
    "behaviour",
    "builds_native",
    "changes_behaviour",
    "declare",
    "detect",
    "file_kinds",
    "fingerprint",
    "has_new_checks",
    "interface",
    "is_program",
    "mutants",
    "needs_rebuild",
    "related_modules",
    "repair",
    "resolve",
    "same_source",
    "statements",
    "test_command",
    "test_modules",
    "too_early",
]

FOLDERS_DEEP = 2
"""How deep below the root a manifest may lie; deeper ones are examples and templates."""


def detect(tree: Tree) -> Evidence | None:
    """A manifest of a Python project, else Python files at or near the root."""
    for name in (*MANIFESTS, "requirements.txt", "Pipfile", "tox.ini"):
        if tree.exists(name):
            return Evidence(choice="language", value=NAME, file=name, rule="manifest")
    near = [path for path in tree.paths() if path.count("/") <= FOLDERS_DEEP]
    for path in near:
        if path.rpartition("/")[2] in MANIFESTS[:2]:
            return Evidence(choice="language", value=NAME, file=path, rule="manifest")
    found = next((path for path in near if path.endswith(".py")), None)
    return Evidence(choice="language", value=NAME, file=found, rule="Python files") if found else None
