"""Hidden test files in a bundle: readable text beside the reward spec, anything else base64 inside it.

    tests/reward_spec.json      the whole ``RewardSpec``; an entry of ``hidden_files`` that is plain text
                                has ``"file": "files/…"`` in place of ``"content"``
    tests/files/…               those texts, under the paths they will have in the repository

What was measured (the baseline of ``speed``) is kept apart, in ``provenance.json``, so that equal
productions give equal ``tests/``.  ``split`` and ``joined`` are inverse to each other; for clients that
have no envfactory ``runtime/grade.py`` does the joining.  Which files are hidden is decided elsewhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envfactory.exporters.files import sha256
from envfactory.records import HiddenFile, RewardSpec, SpeedTerm

_PLAIN_PATH = re.compile(r"[A-Za-z0-9_+@,=-][A-Za-z0-9._+@,=-]*(/[A-Za-z0-9_+@,=-][A-Za-z0-9._+@,=-]*)*")
"""No hidden names: a ``.gitignore`` of a test suite must not act on the repository that holds the bundle."""


def split(spec: RewardSpec) -> tuple[dict[str, Any], dict[str, bytes]]:
    """``reward_spec.json`` as data, and the text files (path below ``tests/`` -> bytes)."""
    data, texts = spec.model_dump(mode="json"), {}
    for name in SpeedTerm.MEASURED:
        del data["speed"][name]
    seen: set[str] = set()
    for entry, hidden in zip(data["hidden_files"], spec.hidden_files, strict=True):
        content = _text(hidden)
        name = f"files/{hidden.path}"
        if content is None or name.lower() in seen:
            continue
        seen.add(name.lower())
        texts[name] = content
        del entry["content"]
        entry.update(file=name, sha256=sha256(content))
    return data, texts


def joined(data: Mapping[str, Any], tests: Path, measured: Mapping[str, Any] | None = None) -> RewardSpec:
    """The reward spec of a bundle's ``tests`` directory; ``ValueError`` if a text was altered.

    ``measured`` is the part of ``provenance.json`` of that name; what it lacks stays unknown.
    """
    files = []
    for entry in data["hidden_files"]:
        if "file" not in entry:
            files.append(entry)
            continue
        content = (tests / entry["file"]).read_bytes()
        if sha256(content) != entry["sha256"]:
            raise ValueError(f"{tests / entry['file']} is not the file that was exported")
        encoded = base64.b64encode(content).decode("ascii")
        files.append({"path": entry["path"], "mode": entry["mode"], "content": encoded})
    known = {name: value for name, value in (measured or {}).items() if name in SpeedTerm.MEASURED}
    speed = {**data["speed"], **known}
    return RewardSpec.model_validate({**data, "hidden_files": files, "speed": speed})


def _text(hidden: HiddenFile) -> bytes | None:
    """The file's bytes if they survive as a plain text file anywhere, else ``None``."""
    if hidden.content is None or hidden.mode == "120000" or not _PLAIN_PATH.fullmatch(hidden.path):
        return None
    content = base64.b64decode(hidden.content)
    if b"\0" in content or b"\r" in content:
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return content
