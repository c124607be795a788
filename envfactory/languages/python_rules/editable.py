"""How the project itself is installed in place, found out by trying in the workshop.

PEP 660 where the back-end of the date has it (the index shows flit-core and poetry-core no older than
that); ``setup.py develop`` where it has not; ``develop`` with the last setuptools that had what very
old ``setup.py`` files use; the import path alone where that is asked for.  Back-ends live outside the
environment, so their age does not touch the tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from envfactory.errors import BuildError
from envfactory.languages.declaration import Declaration
from envfactory.languages.python_rules import install
from envfactory.languages.python_rules.build_needs import asked_for
from envfactory.languages.python_rules.compiler import Compiler, Wanted
from envfactory.languages.python_rules.lock import lock, render
from envfactory.languages.python_rules.names import name_of, normalise
from envfactory.languages.python_rules.releases import order
from envfactory.languages.python_rules.workshop import Workshop
from envfactory.records import Evidence, LockedDependency

PEP_660 = datetime(2022, 9, 1, tzinfo=UTC)
"""By then setuptools 64 had PEP 660 and its first repairs; before it, ``develop`` is what everybody used."""
LEGACY = datetime(2021, 8, 1, tzinfo=UTC)
"""setuptools 57: the last with ``use_2to3``."""
LEGACY_BELOW = (3, 12)
"""No setuptools of then runs from here on: https://docs.python.org/3/whatsnew/3.12.html#removed (distutils,
``pkgutil.ImpImporter``)."""

SMALLER = {"poetry": "poetry-core>=1.0.8", "flit": "flit-core>=3.4"}
"""Tool named as a back-end -> the back-end in it, new enough for PEP 660."""
FLOORS = {"flit-core": "flit-core>=3.4", "poetry-core": "poetry-core>=1.0.8"}


BUILD_TRIES = 3
"""A build names what it lacks one after the other."""
LOG_TAIL = 16_000


@dataclass
class Installation:
    """Steps that worked, and the lock of the back-ends they need."""

    steps: tuple[str, ...]
    build: tuple[LockedDependency, ...] = ()
    evidence: list[Evidence] = field(default_factory=list)
    name: str = ""
    """The project's own distribution as installed, where it could be."""

    @property
    def build_lock(self) -> str:
        """Text of ``build.lock``."""
        return render(self.build)


@dataclass(frozen=True)
class Way:
    """One command that installs the project in place, and the date that its back-ends are taken from."""

    name: str
    cutoff: datetime
    command: str


def install_project(compiler: Compiler, declaration: Declaration, pins: dict[str, str]) -> Installation:
    """The first way that works; raises ``BuildError`` with the output of the last when none does.

    What compiles is not compiled here to be thrown away: of a native project the first way whose
    back-end can be had is taken, and the image's build shows whether it works.
    """
    shop = compiler.shop
    evidence: list[Evidence] = []
    shop.run(install.create_environment(shop.python))
    date, version = shop.request.cutoff, shop.request.toolchain.version
    ways = ways_for(declaration, date, version, compiler.environment)[declaration.ways_tried :]
    said = ""
    for way in ways if declaration.installable else ():
        shim = install.shim(declaration.build_backend)
        made = (install.prepared(text, declaration.project_dir) for text in declaration.preparations)
        after = install.settled(declaration.build_backend) if declaration.native else ()
        steps = (*([shim] if shim else []), *made, way.command, *after)
        locked, said = _installed(compiler, declaration, way, steps, pins)
        if locked is not None:
            how = "to be shown by the build" if declaration.native else "tried in a container"
            evidence.append(
                Evidence(choice="install", value=way.name, rule=f"installed in place without network, {how}")
            )
            return Installation((*steps, install.clean_bytecode()), locked, evidence, _installed_name(shop))
        evidence.append(Evidence(choice="install", value=f"not {way.name}", rule="tried, failed"))
    if ways and declaration.installable:
        raise BuildError("the project does not build", cause="project_does_not_build", log=said)
    step = install.path_only(declaration.project_dir)
    evidence.append(
        Evidence(choice="install", value="import path", rule="nothing of the project can be installed")
    )
    return Installation((step, install.clean_bytecode()), (), evidence)


def _installed(
    compiler: Compiler, declaration: Declaration, way: Way, steps: tuple[str, ...], pins: dict[str, str]
) -> tuple[tuple[LockedDependency, ...] | None, str]:
    """The lock of the back-ends with which the steps work, or ``None`` and what the last one said."""
    shop, more, said = compiler.shop, tuple[str, ...](), ""
    for _ in range(BUILD_TRIES):
        locked = _prepared(compiler, declaration, way, pins, more)
        if locked is None or declaration.native:
            return locked, said
        for step in steps:
            result = shop.run(step, cwd=install.TESTBED)
            if result.exit_code != 0:
                said = (result.stdout + result.stderr)[-LOG_TAIL:]
                break
        else:
            return locked, ""
        known = {item.name for item in locked} | {declaration.name}
        lacking = asked_for(said, shop.request.index, way.cutoff)
        new = tuple(name for name in lacking if normalise(name) not in known)
        if not new:
            return None, said
        more = (*more, *new)
    return None, said


def _installed_name(shop: Workshop) -> str:
    result = shop.run(f"uv pip list --python {install.ENVIRONMENT}/bin/python --editable --format json")
    try:
        items = json.loads(result.stdout)
    except ValueError:
        return ""
    return normalise(items[0]["name"]) if items else ""


def ways_for(
    declaration: Declaration, date: datetime, version: str, environment: dict[str, str]
) -> list[Way]:
    """What to try with the interpreter ``version`` as of ``date``, the likeliest first; pure."""
    folder, interpreter = declaration.project_dir, order(version)
    standard = Way("PEP 660", date, install.editable(folder, environment))
    if uses_setuptools(declaration):
        develop = install.develop(folder, environment)
        ways = [Way("setup.py develop", date, develop)]
        if date > LEGACY and interpreter < LEGACY_BELOW:
            ways.append(Way("setup.py develop, setuptools 57", LEGACY, develop))
        modern = date >= PEP_660 and interpreter >= (3, 7)
        return [standard, *ways] if modern else ways
    return [standard]


def uses_setuptools(declaration: Declaration) -> bool:
    """Whether the back-end is setuptools, named or by default."""
    return not declaration.build_backend or declaration.build_backend.startswith("setuptools")


def _prepared(
    compiler: Compiler, declaration: Declaration, way: Way, pins: dict[str, str], more: tuple[str, ...]
) -> tuple[LockedDependency, ...] | None:
    """Back-ends in place, those included that the back-end itself asks for; ``None`` when that fails."""
    shop, wanted = compiler.shop, (*build_requirements(declaration), *more)
    locked: tuple[LockedDependency, ...] = ()
    for _ in range(2):
        build = _build_pins(compiler, declaration.name, wanted, way.cutoff, pins)
        if build is None:
            return None
        if build == {item.name: item.version for item in locked}:
            break
        locked = lock(shop.request.index, build, way.cutoff, "build")
        shop.put(install.BUILD_LOCK, render(locked))
        shop.run(f"rm -rf {install.BUILD_TOOLS} && git -C {install.TESTBED} clean -fdxq", cwd="/")
        if locked and shop.run(install.install_build_tools()).exit_code != 0:
            return None
        # Asked, a native setup.py translates all its sources first; what it lacks shows in the build.
        slow = declaration.native and uses_setuptools(declaration)
        asked = () if slow else _asked_by_back_end(shop, declaration)
        if not asked:
            break
        wanted = (*wanted, *asked)
    return locked


def _asked_by_back_end(shop: Workshop, declaration: Declaration) -> tuple[str, ...]:
    """What the back-end's own hook asks for (PEP 517, PEP 660), ``setup_requires`` included."""
    result = shop.run(
        install.ask_back_end(declaration.build_backend), cwd=f"{install.TESTBED}/{declaration.project_dir}"
    )
    try:
        asked = json.loads(result.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return ()
    known = {name_of(text) for text in build_requirements(declaration)}
    return tuple(text for text in asked if isinstance(text, str) and name_of(text) not in known)


def _build_pins(
    compiler: Compiler, own: str, wanted: tuple[str, ...], cutoff: datetime, pins: dict[str, str]
) -> dict[str, str] | None:
    texts = tuple(text for text in wanted if name_of(text) != own)
    # What the project compiles against must be what it runs with.
    shared = tuple(
        f"{name}=={pins[name]}" for name in map(name_of, texts) if name in pins and name not in UNSHARED
    )
    bare = tuple(dict.fromkeys(name_of(text) for text in texts))
    for attempt in (
        Wanted(texts=texts, constraints=shared),
        Wanted(texts=texts),
        Wanted(texts=texts, overrides=BACKPORTS),
        Wanted(texts=bare),
    ):
        answer = compiler.ask(attempt, cutoff=cutoff)
        if answer.pins is not None:
            return {name: version for name, version in answer.pins.items() if name != own}
    return None


def build_requirements(declaration: Declaration) -> tuple[str, ...]:
    """The declared build requirements, back-ends new enough, and what every setuptools build needs."""
    found = {"setuptools": "setuptools", "wheel": "wheel"} if uses_setuptools(declaration) else {}
    for text in declaration.build_requirements:
        name = name_of(text)
        if declaration.build_backend in install.SHIMS and name in SMALLER:
            found[name] = SMALLER[name]
        elif name == "oldest-supported-numpy":
            found["numpy"] = "numpy"
        else:
            found[name] = FLOORS.get(name, text)
    return tuple(found.values())


BACKPORTS = ("importlib-metadata", "importlib-resources", "tomli", "typing-extensions", "zipp")
"""Of these a back-end newer than the date wants newer ones too; any will do."""
UNSHARED = frozenset({"setuptools", "wheel", "pip", "packaging"})
