"""Writing tasks down: the native bundle and other people's formats.

One module per format; the dict below is the registry, and mypy checks each module against the
protocol here.
"""

from __future__ import annotations

from envfactory.exporters import bundle, harbor, hub, multi_swe, parquet, rebench, swebench, swebench_repo
from envfactory.exporters.bundle import BundleWriter
from envfactory.exporters.protocol import ExportContext, Exporter

EXPORTERS: dict[str, Exporter] = {
    bundle.NAME: bundle,
    swebench.NAME: swebench,
    swebench_repo.NAME: swebench_repo,
    harbor.NAME: harbor,
    parquet.NAME: parquet,
    hub.NAME: hub,
    rebench.NAME: rebench,
    multi_swe.NAME: multi_swe,
}

__all__ = ["EXPORTERS", "BundleWriter", "ExportContext", "Exporter"]
