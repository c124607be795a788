"""Every task twice through TRL's Harbor environment: with the gold patch applied, and untouched."""

import base64
import importlib.machinery
import os
import sys
import types
from importlib.util import find_spec
from pathlib import Path


def harbor_spec():  # type: ignore[no-untyped-def]
    """``HarborSpec`` without importing ``trl`` itself, which needs torch."""
    folder = Path(next(iter(find_spec("trl").submodule_search_locations)))
    for name in ("trl", "trl.experimental"):
        package = types.ModuleType(name)
        package.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    from trl.experimental.harbor import HarborSpec

    return HarborSpec


def main() -> None:
    root = Path(sys.argv[1])
    spec = harbor_spec()(str(root), agent="bash", environment_type="docker")
    make = spec.environment_factory
    for task in sorted((root / "tasks").iterdir()):
        patch = base64.b64encode((task / "solution/gold.patch").read_bytes()).decode()
        for kind, command in (
            ("gold", f"cd /testbed && echo {patch} | base64 -d | git apply"),
            ("empty", "true"),
        ):
            environment = make()
            environment.reset(task_dir=str(task))
            environment.bash(command)
            print(f"trl              {task.name}: {kind} {environment.reward}", flush=True)
            environment._run(environment._stop())
    os._exit(0)  # its own ending waits for ever


if __name__ == "__main__":
    main()
