"""Names and labels of our images.

A tag carries the first 12 digits of the digest of all that its image is made from; the label carries
the whole digest, and only that is believed.
"""

from __future__ import annotations

import hashlib
import re

from envfactory.records import EnvironmentSpec, canonical_json

KIND = "envfactory.kind"
"""``debian``, ``base``, ``toolchain``, ``system``, ``dependencies``, ``source`` or ``task``."""
DIGEST = "envfactory.digest"
"""``EnvironmentSpec.image_digest`` of a task's image; the like for what it stands on."""
TEMPLATE = "envfactory.template"
"""Digest of the templates, which another version of ours may have changed."""


def task_tag(instance_id: str, spec: EnvironmentSpec) -> str:
    """Tag of a task's image; valid for any repository name."""
    name = instance_id.lower().replace("swebench", "swe-bench")
    name = re.sub(r"[^a-z0-9._-]+", "-", name)
    name = re.sub(r"\.{2,}|_{3,}|[._-]*[._][._-]*", _separator, name).strip("._-")
    return f"envfactory/{name or 'task'}:{spec.image_digest[:12]}"


def _separator(match: re.Match[str]) -> str:
    """Docker takes one dot, one or two underscores, or any number of dashes between two names."""
    text = match[0]
    return text if text in {".", "_", "__"} else "-"


def dependencies_tag(spec: EnvironmentSpec, toolchain: str = "") -> str:
    """Tag of the image that pull requests with the same dependencies share."""
    return f"envfactory/dependencies:{_on(toolchain, spec, spec.shared_digest)}"


def system_tag(spec: EnvironmentSpec, toolchain: str = "") -> str:
    """Tag of the image that has the toolchain and the system packages."""
    digest = hashlib.sha256(canonical_json([spec.toolchain.image, sorted(spec.system_packages)])).hexdigest()
    return f"envfactory/system:{_on(toolchain, spec, digest)}"


def source_tag(spec: EnvironmentSpec, source: str, toolchain: str = "") -> tuple[str, str]:
    """Tag and whole digest of the image with an earlier tree, whose bundle has the digest ``source``."""
    parts = [spec.shared_digest, spec.repo, source, spec.install_steps, dict(spec.env)]
    digest = hashlib.sha256(canonical_json(parts)).hexdigest()
    return f"envfactory/source:{_on(toolchain, spec, digest)}", digest


def _on(toolchain: str, spec: EnvironmentSpec, digest: str) -> str:
    """The digest for an image that stands on another toolchain image than the spec's."""
    if toolchain in ("", spec.toolchain.image):
        return digest[:12]
    return hashlib.sha256(canonical_json([digest, toolchain])).hexdigest()[:12]
