"""Names of distributions and the notation of requirements (PEP 503, PEP 508), tolerant of old habits.

Old manifests hold what today's parsers refuse (``pytz (>=2011k)``, ``six==1.*,``, bare URLs); these
functions say what is meant or ``None``.  Nothing is looked up here.
"""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

VCS = re.compile(r"^(?:-e\s+)?(?:[\w.\[\],-]+\s*@\s*)?(?:(?:git|hg|svn|bzr)\+\S+|https?://\S+|git://\S+)")
EGG = re.compile(r"[#&]egg=([\w.-]+)")
ARCHIVE = re.compile(
    r"/([\w.-]+?)(?:\.git)?(?:@[^/]*)?(?:/(?:archive|tarball|zipball|releases)/.*)?(?:#.*)?$"
)
DIRECT = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*@\s*\S+?\s*(;.*)?$")
LEADING = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def normalise(name: str) -> str:
    """PEP 503: ``Foo.Bar_baz`` is ``foo-bar-baz``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """Normalised name that a requirement begins with; empty for what names nothing."""
    match = LEADING.match(requirement.strip())
    return normalise(match.group(1)) if match else ""


def parse(text: str) -> Requirement | None:
    """PEP 508, after mending what was legal once; ``None`` when it is not a requirement by name."""
    text = text.strip().rstrip(",;").strip()
    if not text or text.startswith(("-", ".", "/")):
        return None
    for attempt in (text, _mended(text)):
        try:
            return Requirement(attempt)
        except InvalidRequirement:
            continue
    return None


def _mended(text: str) -> str:
    text, _, marker = text.partition(";")
    text = re.sub(r"\s*\(([^)]*)\)", r"\1", text)
    text = re.sub(r",\s*$", "", text)
    text = re.sub(r"(?<![<>=!~])=(?!=)", "==", text) if not re.search(r"[<>!~]=|==", text) else text
    text = re.sub(r"([<>]=?)\s*([\d.]+)\.\*", r"\1\2", text)
    return f"{text} ;{marker}" if marker.strip() else text


def released_name(text: str) -> str | None:
    """For a VCS or archive requirement: the distribution to take from the index instead.

    The name is what ``name @ url`` or ``#egg=`` say, else the last folder of the address.
    Extras and markers are kept where the notation has them.
    """
    direct = DIRECT.match(text)
    if direct:
        return direct.group(1) + (direct.group(2) or "") + (f" {direct.group(3)}" if direct.group(3) else "")
    if not VCS.match(text):
        return None
    egg = EGG.search(text)
    if egg:
        return re.sub(r"-dev$", "", egg.group(1))
    match = ARCHIVE.search(re.sub(r"^.*?://[^/]+", "", text.split()[-1]))
    if not match:
        return None
    name = re.sub(r"-v?\d[\w.]*\.(?:tar\.gz|zip|whl)$", "", match.group(1))
    return name if LEADING.match(name) else None
