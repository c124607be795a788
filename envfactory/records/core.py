"""The base of all records: immutable, strict, identified by canonical JSON without measured fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1

Stage = Literal["mine", "build", "extract"]
STAGES: tuple[Stage, ...] = ("mine", "build", "extract")


class Record(BaseModel):
    """Base of all records: immutable, unknown fields refused, content-addressed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    MEASURED: ClassVar[frozenset[str]] = frozenset()
    """Names of fields that differ between equal runs; left out of ``digest``."""

    def stable(self) -> dict[str, Any]:
        """The record as JSON-ready data without its measured fields, at every depth."""
        return {
            name: _stable(getattr(self, name))
            for name in type(self).model_fields
            if name not in self.MEASURED
        }

    @property
    def digest(self) -> str:
        """sha256 (64 hex digits) of the canonical JSON of ``stable()``."""
        return hashlib.sha256(canonical_json(self.stable())).hexdigest()


def _stable(value: Any) -> Any:
    if isinstance(value, Record):
        return value.stable()
    if isinstance(value, Mapping):
        return {str(key): _stable(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_stable(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def canonical_json(data: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8: one byte string for one value."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Evidence(Record):
    """Where a choice was read: ``value`` was chosen for ``choice`` because of this line of this file."""

    choice: str
    value: str
    file: str = ""
    line: int = 0
    text: str = ""
    rule: str = ""
