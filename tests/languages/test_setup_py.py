"""``setup.py`` is read, never run."""

from __future__ import annotations

from envfactory.languages.python_rules.setup_py import read_setup_py

FILES = {"requirements.txt": "six>=1\n# no\n-r other.txt\nmock  # why\n", "requirements/test.in": "pytest\n"}


def read(text: str) -> dict[str, object]:
    return read_setup_py(text, FILES.get)


def test_nothing_is_executed(tmp_path: object) -> None:
    text = "import sys\nsys.exit('ran')\nopen('/tmp/proof', 'w')\nsetup(name='x')\n"
    assert read(text) == {"name": "x"}


def test_names_concatenation_and_mutation() -> None:
    found = read(
        """
NAME = "x"
base = ["a"]
base += ["b"]
base.append("c")
extras = dict(test=["t"])
extras["all"] = extras["test"] + base
extras.update({"more": ["m"]})
arguments = {"python_requires": ">=3.6"}
if sys.version_info < (3, 4):
    base.append("enum34")
if sys.version_info[0] >= 3:
    base.extend(("d",))
setup(name=NAME, install_requires=base, extras_require=extras, tests_require=unknown(), **arguments)
"""
    )
    assert found == {
        "name": "x",
        "install_requires": ["a", "b", "c", "d"],
        "extras_require": {"test": ["t"], "all": ["t", "a", "b", "c"], "more": ["m"]},
        "python_requires": ">=3.6",
    }


def test_requirements_files_stand_in_for_the_calls_that_read_them() -> None:
    found = read(
        """
def parse(name):
    return [line for line in open(name)]
setup(
    install_requires=parse("requirements.txt"),
    tests_require=open(os.path.join("requirements", "test.in")).read().splitlines(),
    extras_require={"all": [line for line in open("requirements.txt")]},
)
"""
    )
    assert found["install_requires"] == ["six>=1", "mock"]
    assert found["tests_require"] == ["pytest"]
    assert found["extras_require"] == {"all": ["six>=1", "mock"]}


def test_unknown_values_are_left_out_and_extensions_noticed() -> None:
    found = read("import x\nx.setup(name=compute(), version=1 / 0, ext_modules=cythonize('*.pyx'))\n")
    assert found == {"ext_modules": True}


def test_unreadable_files_say_nothing() -> None:
    assert read("print 'hello'") == {}
    assert read("\0") == {}
