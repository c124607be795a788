"""The few calls of the engine's HTTP interface that its SDK lacks or does badly.

The only module that uses the SDK's private methods.  Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any


def start_exec(api: Any, exec_id: str) -> Any:
    """Start a command; the response whose connection now carries its streams."""
    response = api._post_json(
        api._url("/exec/{0}/start", exec_id),
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        data={"Tty": False, "Detach": False},
        stream=True,
    )
    api._raise_for_status(response)
    return response


def written_bytes(api: Any, container: str) -> int:
    """Size of a container's writable layer; the engine walks its files for that."""
    response = api._get(api._url("/containers/{0}/json", container), params={"size": True})
    return int(api._result(response, True).get("SizeRw") or 0)


def import_root(api: Any, source: IO[bytes], parameters: Mapping[str, Any], seconds: float) -> str:
    """Make an image of a tar; the engine's answer, JSON lines that may hold an error."""
    response = api._post(
        api._url("/images/create"),
        data=source,
        params={"fromSrc": "-", **parameters},
        headers={"Content-Type": "application/x-tar"},
        timeout=seconds,
    )
    return str(api._result(response))


def commit(api: Any, container: str, parameters: Mapping[str, Any], seconds: float) -> None:
    """Make an image of what a container has written; the SDK's own call gives it too little time."""
    response = api._post_json(
        api._url("/commit"), data={}, params={"container": container, **parameters}, timeout=seconds
    )
    api._raise_for_status(response)


def inspect_image(api: Any, name: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """An image's description and its history, newest step first."""
    return api.inspect_image(name), api.history(name)


def api_version(api: Any) -> str:
    """The version of the interface that both sides speak."""
    return str(api._version)
