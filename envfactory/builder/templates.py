"""Turns the templates of ``dockerfiles/`` into Dockerfile text.

A name that a template uses and nobody gave is an error, and equal values give equal bytes.  No
template is searched for outside the installed package, and nothing is written here.
"""

from __future__ import annotations

import shlex
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def template_text(name: str) -> str:
    """Source of a template; part of the identity of what is built from it."""
    return files("envfactory.dockerfiles").joinpath(name).read_text(encoding="utf-8")


def render_template(name: str, **values: Any) -> str:
    """The Dockerfile; ``| shell`` quotes for the shell, ``| label`` for ``ENV`` and ``LABEL``."""
    return _environment().get_template(name).render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(  # no HTML here: escaping would corrupt shell text
        loader=FunctionLoader(template_text),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["shell"] = shlex.quote
    environment.filters["label"] = dockerfile_quote
    return environment


def dockerfile_quote(value: str) -> str:
    """A value between double quotes as ``ENV`` and ``LABEL`` read it, with nothing expanded."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + escaped.replace("\r", " ").replace("\n", " ") + '"'
