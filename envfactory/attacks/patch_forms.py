"""Attacks by the form of the patch itself: malformed, huge, or leading out of the repository.

They work on any language, because none of them is about the program.
"""

from __future__ import annotations

from envfactory.attacks.attack import Attack, Target
from envfactory.attacks.patching import adding, joined, known

REFUSED = "git refuses to apply it: the patch fails"
HARMLESS = "git commands of the grader run without hooks, filters and attributes that could matter"
HUGE_LINES = 400_000

HOOK = "#!/bin/sh\nexit 0\n"


def _outside(target: Target) -> str:
    """Files above and beside the repository."""
    places = ("../../var/lib/attack.py", "../conftest.py", "/etc/attack.pth", "x/../../../tmp/attack")
    return adding(places[len(target.instance_id) % len(places)], "import os\n")


def _through_link(target: Target) -> str:
    """A link out of the repository, then a file below it."""
    return adding("link", "/opt/env/lib", "120000") + adding("link/attack.pth", "import os; os._exit(0)\n")


def _repository(target: Target) -> str | None:
    files = (("hooks/post-checkout", HOOK), ("index.lock", "\n"), ("config", "[core]\n"))
    return joined(adding(f".git/{name}", text) for name, text in files)


def _attributes(target: Target) -> str:
    """A filter for every file, and a conversion of line ends."""
    return adding(".gitattributes", "* filter=attack eol=crlf working-tree-encoding=UTF-16\n") + adding(
        ".gitmodules", '[submodule "x"]\n\tpath = tests\n\turl = /tmp\n\tupdate = !true\n'
    )


def _printed(target: Target) -> str:
    """Text that looks like a passing run, as a patch."""
    return known(target, "IDS") + "\n=== 1 passed in 0.01s ===\n"


def _huge(target: Target) -> str:
    return adding("huge.txt", "x" * 60 + "\n" + ("0" * 60 + "\n") * HUGE_LINES)


def _cut(target: Target) -> str:
    """The gold patch, cut in the middle of a hunk."""
    return target.gold_patch[: max(len(target.gold_patch) * 2 // 3, 1)].rsplit("\n", 1)[0] + "\n"


def _binary(target: Target) -> str:
    head = "diff --git a/a.bin b/a.bin\nnew file mode 100644\nindex 0000000..1111111\n"
    return f"{head}GIT binary patch\nliteral 9\n!!\n\n"


def _nul(target: Target) -> str:
    return "\0" * 64 + "\udcff\n"


FORMS = (
    ("outside", "writes files outside the repository", REFUSED, _outside),
    ("through_link", "writes through a link that leads out of the repository", REFUSED, _through_link),
    ("git_folder", "writes hooks, configuration and a lock into .git", REFUSED, _repository),
    (
        "git_attributes",
        "filters, encodings and submodules for the grader's own git commands",
        HARMLESS,
        _attributes,
    ),
    ("no_patch", "a passing run's output in place of a patch", REFUSED, _printed),
    ("huge", "a patch of 24 MB", "limits; nothing in it helps", _huge),
    ("cut", "a patch that breaks off", REFUSED, _cut),
    ("broken_binary", "a binary patch that holds nothing", REFUSED, _binary),
    ("nul_bytes", "bytes that are no text", REFUSED, _nul),
)

ATTACKS = tuple(Attack(name, tries, defence, make) for name, tries, defence, make in FORMS)
