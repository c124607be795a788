"""Reads what a collector wrote, trusting nothing: a crash, a cut or a forger may have been at it.

    lines = read(data, key=b"...", nonce="...")
    lines["results"]  {id: {"outcome", "seconds", "message"}}     last outcome of a repeated test
    lines["collected"], lines["uncollectable"], lines["module_skipped"], lines["running"]
    lines["altered"]   functions of the test runner that were changed while it ran
    lines["header"], lines["end"] (exit status or None), lines["tampered"] (evidence, empty if honest)

Standard library only, Python 3.6 syntax: it also runs inside images.  Judges no test.
"""

# ruff: noqa: UP006, UP035
import hashlib
import json
from typing import Any, Dict

OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "timeout")


KEY_BYTES = 32
STEP = b"next line"
"""As in the writer: every line has a key of its own, the hash of the one before."""


def read(data: bytes, key: bytes, nonce: str) -> Dict[str, Any]:
    """Everything that the lines of ``data`` say."""
    found: Dict[str, Any] = {
        "header": None,
        "collected": [],
        "results": {},
        "uncollectable": {},
        "module_skipped": {},
        "running": {},
        "altered": [],
        "end": None,
        "tampered": [],
    }
    whole, _, rest = data.rpartition(b"\n")
    for number, raw in enumerate(whole.split(b"\n") if whole else []):
        line = _parse(raw, key)
        if line is None or line.get("n") != number:
            found["tampered"].append(f"report: line {number + 1} was not written by the collector")
            break
        key = hashlib.blake2b(STEP, digest_size=KEY_BYTES, key=key).digest()
        _take(found, line)
    if rest and found["end"] is not None:
        found["tampered"].append("report: written to after its end")
    header = found["header"]
    if whole and (header is None or header.get("nonce") != nonce):
        found["tampered"].append("report: header of another run")
    return found


def _parse(raw: bytes, key: bytes) -> Any:
    mac, _, text = raw.partition(b" ")
    if hashlib.blake2b(text, digest_size=8, key=key).hexdigest().encode("ascii") != mac:
        return None
    try:
        line = json.loads(text.decode("ascii"))
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _take(found: Dict[str, Any], line: Dict[str, Any]) -> None:
    kind, name = line.get("t"), str(line.get("id", ""))
    if found["end"] is not None:
        found["tampered"].append("report: written to after its end")
    elif kind == "header":
        found["header"] = line
    elif kind == "collected":
        found["collected"].extend(str(item) for item in line["ids"])
    elif kind in ("uncollectable", "module_skipped"):
        found[kind][name.partition("::")[0]] = str(line.get("message", ""))
    elif kind == "altered":
        found["altered"].extend(str(item) for item in line["names"])
    elif kind == "start":
        found["running"] = {"id": name, "at": float(line.get("at", 0.0))}
    elif kind == "result" and line.get("outcome") in OUTCOMES:
        found["results"][name] = {
            "outcome": line["outcome"],
            "seconds": float(line.get("seconds", 0.0)),
            "message": str(line.get("message", "")),
        }
        if found["running"].get("id") == name:
            found["running"] = {}
    elif kind == "end":
        found["end"] = int(line.get("exit", -1))
