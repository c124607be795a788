"""Kinds of files that are the same in every language: changelogs, documentation, configuration.

Decided by names alone; a language's own rules come first and ask here for the rest.
"""

from __future__ import annotations

import re
from posixpath import basename, splitext

from envfactory.languages.protocol import FileKind

_FRAGMENT_DIRS = re.compile(
    r"(?:^|/)(?:changelog\.d|changes\.d|changelogs?|changes|newsfragments|news(?:\.d)?|releasenotes/notes"
    r"|(?:whatsnew|whats_new|release|changelog|changes)/(?:upcoming_changes|fragments|next|unreleased|v?[\d.]+dev\d*))/"
    r"(?!.*(?:template|\.jinja|\.py$|__init__|README|\.gitignore|\.gitkeep))",
    re.IGNORECASE,
)
_CHANGELOG_NAME = re.compile(
    r"(?:CHANGE(?:S|[-_ ]?LOGS?)|HISTORY|NEWS|RELEASE[-_ ]?NOTES?|WHATS?[-_' ]?NEW|RELEASES)"
    r"(?:[-_.]?v?\d[\w.]*)?(?:\.(?:rst|md|txt|adoc|org|yml|yaml|rest))?",
    re.IGNORECASE,
)
_CHANGELOG_PATH = re.compile(
    r"(?:^|/)docs?/(?:.*/)?(?:changelog|changes|history|news|whats_?new|release_?notes|releases?)"
    r"(?:/[^/]+)?\.(?:rst|md|txt)",
    re.IGNORECASE,
)
_DOC_DIRS = re.compile(r"(?:^|/)(?:docs?|documentation|man|website|site-docs)/", re.IGNORECASE)
_DOC_NAME = re.compile(
    r"(?:README|AUTHORS|CONTRIBUTORS|CONTRIBUTING|COPYING|LICEN[CS]E|NOTICE|THANKS|MAINTAINERS|SECURITY"
    r"|CODE_OF_CONDUCT|CITATION|TODO|ROADMAP|INSTALL)(?:[-.][\w.-]*)?",
    re.IGNORECASE,
)
_DOC_ENDS = {".rst", ".md", ".adoc", ".mdx", ".ipynb"}
_CONFIG_DIRS = re.compile(
    r"(?:^|/)(?:\.github|\.circleci|\.gitlab|\.travis|\.azure-pipelines|\.ci|\.devcontainer)/"
)
_CONFIG_ENDS = {".cfg", ".toml", ".ini", ".yml", ".yaml", ".lock"}
_CONFIG_NAME = re.compile(
    r"(?:\.[^/]+|Makefile|Dockerfile[\w.-]*|Jenkinsfile|Justfile|MANIFEST\.in|codecov\.ya?ml|Vagrantfile)"
)


def plain_kind(path: str) -> FileKind | None:
    """Changelog, documentation or configuration by name; ``None`` when the name does not tell."""
    name = basename(path)
    end = splitext(name)[1].lower()
    if is_changelog(path):
        return FileKind.CHANGELOG
    if _CONFIG_DIRS.search(path) or _CONFIG_NAME.fullmatch(name):
        return FileKind.CONFIG
    if _DOC_DIRS.search(path) or end in _DOC_ENDS or (_DOC_NAME.fullmatch(name) and end not in {".py"}):
        return FileKind.DOCS
    if "/" not in path and end == ".txt":
        return FileKind.CONFIG if "requirement" in name.lower() else FileKind.DOCS
    if "/" not in path and end in _CONFIG_ENDS:
        return FileKind.CONFIG
    return None


def is_changelog(path: str) -> bool:
    """True for a changelog and for a fragment that will become part of one."""
    if is_fragment(path) or _CHANGELOG_PATH.search(path):
        return True
    return path.count("/") <= 2 and _CHANGELOG_NAME.fullmatch(basename(path)) is not None


def is_fragment(path: str) -> bool:
    """True for one news fragment in a folder of them (towncrier, reno, scriv and their like)."""
    found = _FRAGMENT_DIRS.search(path)
    end = splitext(path)[1].lower()
    return found is not None and end in {".rst", ".md", ".txt", ".yaml", ".yml", *_FRAGMENT_TYPES}


_FRAGMENT_TYPES = {
    *(".bugfix", ".feature", ".change", ".breaking", ".doc", ".removal", ".misc", ".deprecation"),
    *(".improvement", ".trivial", ".vendor", ".process", ".security", ".enhancement", ".new_feature"),
    *(".added", ".changed", ".fixed", ".removed", ".deprecated", ".performance", ".false_positive"),
    *(".false_negative", ".new_check", ".other", ".internal", ".user_action", ".extension", ".packaging"),
}
