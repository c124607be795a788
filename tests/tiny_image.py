"""A small task image for tests: a git repository at ``/testbed`` and pytest, made without any network."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from envfactory.languages.protocol import Collector
from envfactory.trials import TrialPlan

if TYPE_CHECKING:
    from envfactory.engine import Engine

COLLECTOR = Collector(resource="pytest_collector.py", args=("-p", "pytest_collector"))
COMMAND = ("/opt/env/bin/python", "-m", "pytest", "--continue-on-collection-errors")
WHEELS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")

DOCKERFILE = """\
FROM {base}
COPY site-packages /opt/site-packages
RUN set -eu; uv venv -q --offline --python /opt/python/3.11/bin/python3.11 /opt/env; \\
    cp -r /opt/site-packages/. /opt/env/lib/python3.11/site-packages/
COPY repo /testbed
RUN set -eu; cd /testbed; git init -q; git config user.email a@b; git config user.name a; \\
    git add -A; git commit -q --allow-empty -m base
WORKDIR /testbed
"""


def tiny_image(engine: Engine, files: Mapping[str, str | bytes]) -> str:
    """Tag of an image whose repository holds ``files``; made once per content."""
    from envfactory.builder.interpreters import ensure_toolchain
    from envfactory.workspace import user_cache

    base = ensure_toolchain(engine, user_cache(), ["3.11"]).image
    digest = hashlib.sha256(repr((base, DOCKERFILE, sorted(files.items()))).encode()).hexdigest()[:12]
    tag = f"envfactory/tiny-test:{digest}"
    if engine.image(tag) is not None:
        return tag
    with TemporaryDirectory() as name:
        context = Path(name)
        (context / "Dockerfile").write_text(DOCKERFILE.format(base=base))
        _copy_packages(context / "site-packages")
        for path, content in files.items():
            place = context / "repo" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        engine.build(context, tag, log=context / "build.log", timeout=300, network="none")
    return tag


def plan(image: str, *modules: str, **changes: object) -> TrialPlan:
    """A trial of those modules."""
    return TrialPlan(
        image=image,
        test_command=COMMAND,
        test_modules=modules,
        collector=COLLECTOR,
        **changes,  # type: ignore[arg-type]
    )


def _copy_packages(target: Path) -> None:
    for name in WHEELS:
        found = distribution(name)
        for file in found.files or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            place = target / str(file)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(str(found.locate_file(file))), place)
