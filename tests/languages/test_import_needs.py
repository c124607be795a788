"""What has to be installed before tests can be collected, read from syntax trees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages.python_rules.import_needs import MOST_FILES, needed_to_collect
from tests.languages.trees import MemoryTree

WRAPPERS = {
    "src/mine/__init__.py": "from .core import convert\nfrom mine._version import version\n",
    "src/mine/core.py": "import attr, os.path\ntry:\n    import speedups\nexcept ImportError:\n    pass\n",
    "src/mine/wrap/__init__.py": "",
    "src/mine/wrap/cbor2.py": "from cbor2 import dumps\nfrom ..core import convert\nfrom . import shared\n",
    "src/mine/wrap/shared.py": "def load():\n    import lazily\n\nif True:\n    import guarded\n",
    "src/mine/wrap/yaml.py": "import yaml\n",
    "tests/conftest.py": "import trustme.certificates\n",
    "tests/helpers.py": "from numpy import testing\n",
    "tests/unit/conftest.py": "import vcr\n",
    "tests/unit/test_wrap.py": (
        "import pytest\nfrom helpers import x\nfrom mine.wrap import cbor2\nimport mine.gone\n"
    ),
    "tests/unit/test_other.py": "import elsewhere\n",
    "docs/conf.py": "import sphinx\n",
}


def needed(files: dict[str, str], *modules: str) -> tuple[str, ...]:
    return needed_to_collect(MemoryTree(files), modules)  # type: ignore[arg-type]


def test_own_modules_are_followed_and_what_is_guarded_is_not_asked_for() -> None:
    found = needed(WRAPPERS, "tests/unit/test_wrap.py")
    assert found == ("attr", "cbor2", "numpy", "pytest", "trustme.certificates", "vcr")


def test_a_module_of_a_package_does_not_hide_a_library_of_its_name() -> None:
    files = WRAPPERS | {"tests/unit/test_wrap.py": "from mine.wrap.yaml import load\n"}
    assert "yaml" in needed(files, "tests/unit/test_wrap.py")


def test_what_cannot_be_read_asks_for_nothing() -> None:
    assert needed({"test_a.py": "import (\n"}, "test_a.py", "test_gone.py") == ()
    assert needed({"test_a.py": "from .... import above\nfrom . import x\n"}, "test_a.py") == ()


def test_a_long_chain_ends() -> None:
    chain = {f"m{n}.py": f"import m{n + 1}\nimport lib{n}\n" for n in range(3 * MOST_FILES)}
    assert MOST_FILES <= len(needed(chain, "m0.py")) <= MOST_FILES + 1


@given(st.dictionaries(st.sampled_from(["a.py", "p/__init__.py", "p/b.py", "t/test_c.py"]), st.text()))
def test_any_source_is_read(files: dict[str, str]) -> None:
    assert all(name != "" for name in needed(files, *files))
