"""A patch that is like the right one but for the fix: it applies, is not empty and changes no behaviour."""

from __future__ import annotations

import re

COMMENT = "# This line changes nothing."

HUNK = re.compile(r"^@@ -(\d+)")
ADDED_FILE = f"""\
diff --git a/not_the_fix.txt b/not_the_fix.txt
new file mode 100644
--- /dev/null
+++ b/not_the_fix.txt
@@ -0,0 +1 @@
+{COMMENT}
"""


def wrong_patch(gold: str) -> str:
    """A comment where the first hunk of ``gold`` in a Python file is, else a new text file.

    Only lines that were there before are context, so it applies wherever ``gold`` does.  It comes before the
    last of them: without a line after it, ``git apply`` would want the end of the file there.
    """
    for section in re.split(r"^(?=diff --git )", gold, flags=re.MULTILINE):
        head, *hunks = re.split(r"^(?=@@ -)", section, flags=re.MULTILINE)
        names = [line for line in head.split("\n") if line.startswith(("diff --git ", "--- ", "+++ "))]
        if len(names) == 3 and re.search(r"\.py\"?\t?$", names[1]) and "/dev/null" not in head:
            for hunk in hunks:
                before = [line[1:] for line in hunk.split("\n")[1:] if line.startswith((" ", "-"))]
                if before and "\n\\ " not in hunk and not (before[-2:-1] or [""])[0].endswith("\\"):
                    return "\n".join([*names, *_commented(hunk, before)]) + "\n"
    return ADDED_FILE


def _commented(hunk: str, before: list[str]) -> list[str]:
    found = HUNK.match(hunk)
    assert found is not None
    start, count = int(found[1]), len(before)
    *first, last = (f" {line}" for line in before)
    return [f"@@ -{start},{count} +{start},{count + 1} @@", *first, f"+{COMMENT}", last]
