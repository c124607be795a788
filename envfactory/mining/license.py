"""Names a repository's licence as an SPDX identifier, from its text or its package metadata.

A small table of what open-source projects really use; anything else is '' and left to the reader.
"""

from __future__ import annotations

import re
from posixpath import basename

from envfactory.git.tree import Tree

_FILE = re.compile(r"(?:UN)?LICEN[CS]E(?:[-.].*)?|COPYING(?:[-.].*)?|MIT-LICENSE.*", re.IGNORECASE)

_TEXTS: tuple[tuple[str, str], ...] = (
    ("AGPL-3.0", r"gnu affero general public license\s+version 3"),
    ("LGPL-3.0", r"gnu lesser general public license\s+version 3"),
    ("LGPL-2.1", r"gnu lesser general public license\s+version 2\.1"),
    ("GPL-3.0", r"gnu general public license\s+version 3"),
    ("GPL-2.0", r"gnu general public license\s+version 2"),
    ("MPL-2.0", r"mozilla public license,? version 2\.0"),
    ("EPL-2.0", r"eclipse public license - v 2\.0"),
    ("Apache-2.0", r"apache license,?\s+version 2\.0"),
    ("PSF-2.0", r"python software foundation license version 2"),
    ("Unlicense", r"free and unencumbered software released into the public domain"),
    ("CC0-1.0", r"cc0 1\.0 universal"),
    ("BSL-1.0", r"boost software license - version 1\.0"),
    ("Zlib", r"the origin of this software must not be misrepresented"),
    ("ISC", r"permission to use, copy, modify,? and/?(?:or)? distribute this software for any purpose"),
    (
        "BSD-3-Clause",
        r"neither the names? of|may not be used to endorse or promote|endorse or promote products",
    ),
    ("BSD-2-Clause", r"redistributions in binary form must reproduce"),
    ("MIT", r"permission is hereby granted, free of charge, to any person obtaining a copy"),
)
_METADATA: tuple[tuple[str, str], ...] = (
    ("Apache-2.0", r"License :: OSI Approved :: Apache Software License"),
    ("MIT", r"License :: OSI Approved :: MIT License"),
    ("BSD-3-Clause", r"License :: OSI Approved :: BSD License"),
    ("ISC", r"License :: OSI Approved :: ISC License"),
    ("MPL-2.0", r"Mozilla Public License 2\.0"),
    ("PSF-2.0", r"License :: OSI Approved :: Python Software Foundation License"),
    ("GPL-3.0", r"GNU General Public License v3"),
    ("GPL-2.0", r"GNU General Public License v2"),
)
_EXPRESSION = re.compile(
    r"""^license\s*=\s*(?:\{\s*text\s*=\s*)?["']?(?P<name>(?:MIT|ISC|Apache-2\.0|MPL-2\.0|Unlicense"""
    r"""|BSD-[23]-Clause|L?GPL-[\d.]+(?:-only|-or-later)?))["'}\s]*$""",
    re.MULTILINE | re.IGNORECASE,
)
_MANIFESTS = ("pyproject.toml", "setup.cfg", "setup.py", "package.json", "Cargo.toml")


def license_of(tree: Tree) -> str:
    """SPDX identifier, several joined by `` OR `` when the repository offers a choice; '' if unknown."""
    found = []
    for path in tree.paths():
        if "/" not in path and _FILE.fullmatch(basename(path)):
            name = _identify(tree.text(path) or "", _TEXTS)
            if name and name not in found:
                found.append(name)
    return " OR ".join(sorted(found)) or _declared(tree)


def _declared(tree: Tree) -> str:
    for path in _MANIFESTS:
        text = tree.text(path) or ""
        expression = _EXPRESSION.search(text)
        name = expression["name"] if expression else _identify(text, _METADATA)
        if name:
            return name
    return ""


def _identify(text: str, table: tuple[tuple[str, str], ...]) -> str:
    flat = re.sub(r"[\s*#]+", " ", text)
    for name, pattern in table:
        if re.search(pattern, flat, re.IGNORECASE):
            return name
    return ""
