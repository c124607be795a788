"""What tests import, read from their syntax trees."""

from __future__ import annotations

from envfactory.languages.python_rules.test_imports import imported_by_tests
from tests.languages.trees import MemoryTree


def test_guarded_imports_count_own_and_standard_ones_do_not() -> None:
    tree = MemoryTree(
        {
            "src/mine/__init__.py": "",
            "tests/helper_module.py": "",
            "tests/conftest.py": "import pytest\nimport numpy as np\n",
            "tests/test_web.py": "try:\n    from aiohttp.test_utils import AioHTTPTestCase\n"
            "except ImportError:\n    pass\nfrom mine import x\n"
            "import os.path\nimport helper_module\nfrom . import sibling\n",
            "tests/test_broken.py": "def (:\n",
            "docs/conf.py": "import sphinx\n",
        }
    )
    assert imported_by_tests(tree) == ("aiohttp", "numpy")
