"""The table of repairs: a symptom in a report or log → one change of the declaration → try again.

Each entry is a small function with the symptom in its docstring; the first that has something new to
say wins, and what was tried is not tried again.  Nothing is run here and no repository is known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from envfactory.languages.declaration import Declaration, Repair, Symptoms
from envfactory.languages.python_rules.build_repairs import (
    another_way,
    build_tools,
    python_headers,
    translated_sources,
    unbuildable,
)
from envfactory.languages.python_rules.import_names import distribution_of
from envfactory.languages.python_rules.import_needs import needed_to_collect
from envfactory.languages.python_rules.interpreter_repairs import (
    interpreter,
    python_bound,
    settled_interpreter,
)
from envfactory.languages.python_rules.interpreter_symptoms import ADDED_MODULES, REMOVED_MODULES
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.plugins import FIXTURES, plugin_of_option
from envfactory.languages.python_rules.repair_case import Case, Change, add, bound
from envfactory.languages.python_rules.runner_repairs import (
    ASYNC_TESTS,
    asynchronous_tests,
    import_mode,
    import_path,
    missing_tools,
    warnings_as_errors,
)
from envfactory.languages.python_rules.runner_symptoms import MARKERS, runner_bound
from envfactory.languages.python_rules.settings_module import settings_module
from envfactory.languages.python_rules.skip_reasons import distributions_named
from envfactory.languages.python_rules.surroundings import (
    clock,
    display,
    locales,
    services,
    suggested_variables,
)
from envfactory.languages.python_rules.system_packages import missing_packages, wanted_packages
from envfactory.languages.python_rules.version_bounds import dependency_bounds, pre_releases
from envfactory.records import Evidence

NO_MODULE = re.compile(r"No module named ['\"]?([A-Za-z_][\w.]*)")
NOT_IMPORTED = re.compile(r"could not import ['\"]([\w.]+)['\"]")
FIXTURE = re.compile(r"fixture '(\w+)' not found")
UNRECOGNISED = re.compile(r"(?:unrecognized arguments:|ambiguous option:|no such option:) ?([^\n]+)")
REQUIRED_PLUGINS = re.compile(r"Missing required plugins: ([^\n]+)")
UNKNOWN_MARKER = re.compile(
    r"'(\w+)' (?:is )?not (?:found in|a registered)[^\n]*marker|Unknown pytest\.mark\.(\w+)"
)
PACKAGING_MODULES = frozenset({"pkg_resources", "setuptools", "distutils"})


def packaging_modules(case: Case) -> Change | None:
    """``No module named 'pkg_resources'`` (or distutils, setuptools): once in every environment."""
    missing = PACKAGING_MODULES & {name.split(".")[0] for name in NO_MODULE.findall(case.errors)}
    # setuptools 82 no longer brings pkg_resources.
    text = "setuptools<81" if "pkg_resources" in missing else "setuptools"
    return add(case, ((text, f"No module named {name}") for name in sorted(missing)[:1]), "packaging module")


def missing_modules(case: Case) -> Change | None:
    """``No module named X`` and ``could not import 'X'``, in errors and among skip reasons.

    Where one keeps a module of tests from being collected, whatever else that module needs comes along.
    """
    said = "\n".join((case.errors, *case.skips))
    names = dict.fromkeys((*NO_MODULE.findall(said), *NOT_IMPORTED.findall(said)))
    named = _distributions(case, names, "No module named ")
    if add(case, named, "") is None:
        return None
    return add(case, [*_needed_besides(case), *named], "module that is missing")


def _needed_besides(case: Case) -> list[tuple[str, str]]:
    report, tree = case.symptoms.report, case.symptoms.sources
    if report is None or tree is None or not report.collection_errors:
        return []
    names = needed_to_collect(tree, sorted(report.collection_errors))
    found = _distributions(case, names, "imported before tests are collected: ")
    return [(name, why) for name, why in found if name not in case.symptoms.installed]


def _distributions(case: Case, modules: Iterable[str], prefix: str) -> list[tuple[str, str]]:
    found = []
    for module in modules:
        top = module.split(".")[0]
        standard = module in REMOVED_MODULES or module in ADDED_MODULES or top in PACKAGING_MODULES
        if standard or normalise(top) == case.declaration.name:
            continue
        name = distribution_of(module, case.symptoms.index, case.symptoms.cutoff)
        found.append((name, prefix + module))
    return found


def skip_reasons(case: Case) -> Change | None:
    """Skip reasons that name a distribution in words: ``lxml not installed``, ``requires numpy``."""
    wanted = []
    for reason in case.skips:
        for word in distributions_named(reason):
            if word:
                name = distribution_of(word.replace("-", "_"), case.symptoms.index, case.symptoms.cutoff)
                wanted.append((name, reason))
    return add(case, wanted, "skip reason names it")


def guarded_imports(case: Case) -> Change | None:
    """The tests do not run, and what they say names no module: all that they import, guarded or not."""
    if case.symptoms.phase != "tests" or not case.symptoms.reason:
        return None
    index, cutoff = case.symptoms.index, case.symptoms.cutoff
    names = ((distribution_of(module, index, cutoff), module) for module in case.declaration.test_imports)
    return add(case, names, "imported by tests")


def missing_fixtures(case: Case) -> Change | None:
    """``fixture 'x' not found``: the plug-in that brings it."""
    names = dict.fromkeys(FIXTURE.findall(case.errors))
    return add(
        case, ((FIXTURES.get(n, ""), f"fixture '{n}' not found") for n in names), "fixture of a plug-in"
    )


def missing_plugins(case: Case) -> Change | None:
    """``unrecognized arguments``, ``Missing required plugins``, unknown markers, unsupported async tests."""
    wanted: list[tuple[str, str]] = []
    for words in UNRECOGNISED.findall(case.errors):
        wanted += [(plugin_of_option(word), f"unrecognized argument {word}") for word in words.split()]
    for names in REQUIRED_PLUGINS.findall(case.errors):
        wanted += [(name, f"required plug-in {name}") for name in re.findall(r"[A-Za-z][\w.-]*[\w]", names)]
    for pair in UNKNOWN_MARKER.findall(case.errors):
        name = pair[0] or pair[1]
        wanted.append((MARKERS.get(name, ""), f"unknown marker {name}"))
    if not any(text for text, _ in wanted) and (match := ASYNC_TESTS.search(case.errors)):
        trio = "pytest.mark.trio" in case.errors
        wanted.append(("pytest-trio" if trio else "pytest-asyncio", match.group(0)))
    return add(case, wanted, "plug-in that the run asks for")


def runner_version(case: Case) -> Change | None:
    """The runner is too new (removed features) or too old (``minversion``) for the suite."""
    found = runner_bound(case.errors)
    if found is None:
        return None
    return bound(
        case, f"pytest{found[0]}", "the suite is written for another pytest", found[1], choice="runner"
    )


def system_packages(case: Case) -> Change | None:
    """A header, ``.pc`` file, library or command that a build or a test looks for in vain."""
    have = set(case.declaration.system_packages)
    new = {package: why for package, why in missing_packages(case.errors, case.lookup) if package not in have}
    if not new:
        return None
    return _installing(case, sorted(new), "asked for in vain", new[min(new)])


def suggested_packages(case: Case) -> Change | None:
    """Whatever broke: what maintainers install for their own test runs and is not there yet."""
    names = wanted_packages(case.declaration.suggested_packages, case.lookup)
    new = [name for name in names if name not in case.declaration.system_packages]
    return _installing(case, new, "maintainers install it for their own test runs") if new else None


def _installing(case: Case, names: list[str], rule: str, why: str = "") -> Change:
    packages = tuple(sorted({*case.declaration.system_packages, *names}))
    evidence = Evidence(choice="system package", value=" ".join(names), rule=rule, text=why[:200])
    changed = case.declaration.model_copy(update={"system_packages": packages})
    return changed, f"add package {' '.join(names)}", evidence


LOOKED_UP = (
    (r"No time zone found with key \S+", "tzdata"),
    (r"No such kernel named python3?\b", "ipykernel"),
)
"""What a library says that looks for data or programs while it runs -> the distribution that brings them."""


def looked_up(case: Case) -> Change | None:
    """``No time zone found with key``, ``No such kernel``: nothing imports what they lack."""
    found = ((re.search(pattern, case.errors), name) for pattern, name in LOOKED_UP)
    return add(case, [(name, match.group(0)) for match, name in found if match], "looked up while it runs")


Entry = Callable[[Case], Change | None]

ENTRIES: tuple[Entry, ...] = (
    missing_plugins,
    missing_fixtures,
    runner_version,
    dependency_bounds,
    pre_releases,
    packaging_modules,
    interpreter,
    settings_module,
    missing_modules,
    import_path,
    import_mode,
    asynchronous_tests,
    missing_tools,
    locales,
    display,
    services,
    clock,
    warnings_as_errors,
    build_tools,
    translated_sources,
    python_headers,
    system_packages,
    looked_up,
    python_bound,
    suggested_packages,
    unbuildable,
    skip_reasons,
    guarded_imports,
    suggested_variables,
    settled_interpreter,
    another_way,
)
"""In order: what stops a whole run first, guesses last."""


def repair(declaration: Declaration, symptoms: Symptoms) -> Repair | None:
    """The first change that was not tried yet, or ``None`` when nothing fits."""
    case = Case(declaration, symptoms)
    for entry in ENTRIES:
        change = entry(case)
        if change is None:
            continue
        changed, words, evidence = change
        if words not in declaration.repairs:
            changed = changed.model_copy(update={"repairs": (*declaration.repairs, words)})
            return Repair(declaration=changed, change=words, evidence=evidence)
    return None
