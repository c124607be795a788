"""The two networks over which containers reach an index of ours.

``bridge`` is where the builder's steps run; ``envfactory-index`` is internal: its containers reach
this machine at the gateway's address and nothing else, not even each other.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig

from envfactory.engine import owner
from envfactory.engine.faults import engine_errors

if TYPE_CHECKING:
    from docker import APIClient

INDEX_NETWORK = "envfactory-index"
BRIDGE = "bridge"


def ensure_index_network(api: APIClient) -> None:
    """Make the internal network unless it is there; safe when several processes do so at once."""
    with engine_errors("cannot make the index network"):
        try:
            api.inspect_network(INDEX_NETWORK)
            return
        except NotFound:
            pass
        try:
            api.create_network(
                INDEX_NETWORK,
                driver="bridge",
                internal=True,
                check_duplicate=True,
                ipam=IPAMConfig(),
                labels={owner.LABEL: "1"},
                options={"com.docker.network.bridge.enable_icc": "false"},
            )
        except APIError as error:
            if error.status_code != 409:  # another process was faster
                raise


def gateway(api: APIClient, network: str) -> str:
    """The IPv4 address of this machine on ``network``."""
    with engine_errors(f"cannot look up network {network}"):
        found: dict[str, Any] = api.inspect_network(network)
    for config in (found.get("IPAM") or {}).get("Config") or ():
        subnet = ipaddress.ip_network(config["Subnet"], strict=False)
        if subnet.version == 4:
            # Engines before 23 leave the gateway out for the default bridge; it is the first address.
            return str(config.get("Gateway") or subnet[1]).partition("/")[0]
    raise APIError(f"network {network} has no IPv4 subnet")
