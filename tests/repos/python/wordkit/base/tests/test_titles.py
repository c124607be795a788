import json
from pathlib import Path

import pytest

from wordkit.titles import title

CASES = json.loads((Path(__file__).parent / "data" / "titles.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_title(case):
    assert title(case["text"]) == case["title"]
