"""The base system: one image per Debian suite, found or made, with a registry or without.

In order: the image is already there (its tag carries the digest of its recipe); a suite image of the
registry plus an apt layer; a file system made by ``mmdebstrap`` from the Debian mirror that the host's
own apt uses.  The setting ``base_image`` replaces all three.  Nothing here knows a language.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from envfactory.builder.templates import render_template, template_text
from envfactory.errors import BuildError, PrerequisiteError
from envfactory.records import canonical_json

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo

SUITE = "bookworm"
LOCALES = ("en_US.UTF-8 UTF-8", "C.UTF-8 UTF-8")

PACKAGES = (
    *("bash", "ca-certificates", "git", "locales", "patch", "procps", "tzdata"),
    *("build-essential", "pkg-config"),
    # headers that source distributions of the most common packages ask for, 2 MB together
    *("libffi-dev", "zlib1g-dev"),
)
RUNTIME_LIBRARIES = {
    # what a CPython built on this suite links to
    "bookworm": (
        *("libbz2-1.0", "libexpat1", "libffi8", "libgdbm6", "libgssapi-krb5-2", "liblzma5", "libncursesw6"),
        *("libnsl2", "libreadline8", "libsqlite3-0", "libssl3", "libtirpc3", "libuuid1", "zlib1g"),
    ),
}
EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
"""Never unpacked, nor by later apt layers."""
PULL_SECONDS = 300.0
MAKE_SECONDS = 1200.0
MMDEBSTRAP_HINT = (
    "apt-get install mmdebstrap, make a registry reachable, or set `base_image` to a local image"
)


def ensure_base(engine: Engine, cache: Path, *, suite: str = SUITE, base_image: str = "") -> ImageInfo:
    """The base image of ``suite``; made on first use, by one process while others wait."""
    tag = base_tag(suite, base_image)
    found = engine.image(tag)
    if found is not None:
        return found
    with lock(cache, tag):
        found = engine.image(tag)
        return found if found is not None else _make(engine, cache, tag, suite, base_image)


def base_tag(suite: str = SUITE, base_image: str = "") -> str:
    """Name of the base image; equal recipes have equal names."""
    digest = hashlib.sha256(
        canonical_json(
            [
                suite,
                _packages(suite),
                LOCALES,
                EXCLUDED,
                template_text("base.Dockerfile.j2"),
                uv_version(),
                base_image,
            ]
        )
    ).hexdigest()
    return f"envfactory/base:{'custom' if base_image else suite}-{digest[:12]}"


def uv_version() -> str:
    """Version of the ``uv`` package whose binary goes into the images."""
    from importlib.metadata import version

    return version("uv")


def _packages(suite: str) -> tuple[str, ...]:
    return (*PACKAGES, *RUNTIME_LIBRARIES.get(suite, ()))


def _make(engine: Engine, cache: Path, tag: str, suite: str, base_image: str) -> ImageInfo:
    import uv

    root = base_image or _root(engine, cache, suite)
    text = render_template("base.Dockerfile.j2", root=root, packages=_packages(suite), locales=LOCALES)
    with tempfile.TemporaryDirectory(prefix="envfactory-base-") as name:
        context = Path(name)
        (context / "Dockerfile").write_text(text)
        shutil.copy2(uv.find_uv_bin(), context / "uv")
        (context / "uv").chmod(0o755)
        return engine.build(
            context,
            tag,
            labels={"envfactory.kind": "base", "envfactory.suite": suite},
            log=cache / "logs" / f"{tag.rpartition(':')[2]}.log",
            timeout=MAKE_SECONDS,
        )


def _root(engine: Engine, cache: Path, suite: str) -> str:
    """Tag of a plain system of ``suite``: from the registry, else made here."""
    slim = f"debian:{suite}-slim"
    if engine.image(slim) is not None or engine.pull(slim, timeout=PULL_SECONDS):
        return slim
    return _bootstrap(engine, cache, suite)


def _bootstrap(engine: Engine, cache: Path, suite: str) -> str:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise PrerequisiteError(
            f"no registry serves debian:{suite}-slim and mmdebstrap, which makes it, is not installed",
            hint=MMDEBSTRAP_HINT,
        )
    digest = hashlib.sha256(canonical_json([suite, _packages(suite), EXCLUDED])).hexdigest()[:12]
    tag = f"envfactory/debian:{suite}-{digest}"
    if engine.image(tag) is not None:
        return tag
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="debian-", suffix=".incomplete", dir=cache) as name:
        tar = Path(name) / "root.tar"
        _run_mmdebstrap(program, suite, tar)
        engine.import_tar(tar, tag, labels={"envfactory.kind": "debian", "envfactory.suite": suite})
    return tag


def _run_mmdebstrap(program: str, suite: str, tar: Path) -> None:
    command = [
        program,
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(_packages(suite))}",
        '--aptopt=Acquire::Languages "none"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        suite,
        str(tar),
        *_apt_sources(suite),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MAKE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"mmdebstrap {suite}: no end after {MAKE_SECONDS:.0f} s", cause="base_timeout"
        ) from error
    if done.returncode != 0:
        raise BuildError(
            f"mmdebstrap {suite} exited with {done.returncode}",
            cause="base_failed",
            retryable=True,
            log=(done.stdout + done.stderr)[-4000:],
            hint="is the Debian mirror of the host's apt sources reachable?",
        )


def _apt_sources(suite: str) -> list[str]:
    """The host's own apt sources when it runs that suite, so that a company's mirror is used here too."""
    release = Path("/etc/os-release")
    names = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
    if not release.is_file() or f"VERSION_CODENAME={suite}" not in release.read_text().splitlines():
        return []
    return [str(path) for path in names if path.is_file() and suite in path.read_text()][:1]


def lock(cache: Path, tag: str) -> FileLock:
    """Held while ``tag`` is made, so that processes which want the same image make it once."""
    directory = cache / "locks"
    directory.mkdir(parents=True, exist_ok=True)
    return FileLock(directory / f"{tag.replace('/', '+').replace(':', '+')}.lock")
