"""A data set as the Hugging Face hub shows it: ``README.md``, the card, and Parquet files by split.

A folder that ``datasets.load_dataset`` reads and that can be uploaded as it is.  Splits are made of whole
repositories.  Needs the extra ``parquet``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from envfactory.errors import ExportError, boundary
from envfactory.exporters import parquet
from envfactory.exporters.protocol import ExportContext
from envfactory.exporters.row import task_row
from envfactory.exporters.splits import SPLITS, Split, split_of
from envfactory.records import Task
from envfactory.workspace import write_atomic

NAME = "hub"
CARD = "README.md"
FILE = "data/{split}-00000-of-00001.parquet"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
"""The hub's own words for sizes."""

Splits = Mapping[Split, Sequence[Mapping[str, Any]]]
"""The rows of each split."""

COLUMNS = {
    "instance_id": "`owner__name-number`",
    "repo": "`owner/name`; a repository is in one split only",
    "base_commit": "upstream's commit before the change",
    "patch": "the pull request's own change, without its tests; keep it from agents",
    "test_patch": "the pull request's change to tests; keep it from agents",
    "problem_statement": "what is wrong or wanted",
    "hints_text": "what was said about it before the pull request",
    "created_at": "when the pull request was opened, ISO 8601",
    "version": "what the environment shares with others of the repository",
    "environment_setup_commit": "the base commit again",
    "FAIL_TO_PASS": "tests that fail before the change and pass after it; JSON list or list",
    "PASS_TO_PASS": "tests that pass before and after it; JSON list or list",
    "image": "tag of the Docker image",
    "image_name": "the same tag",
    "docker_image": "the same tag",
    "eval_script": "runs the tests at `/testbed` after a patch was applied",
    "log_parser": "name of the parser for its output in swebench's registry",
    "eval_type": "`pass_and_fail`",
    "install_config": "install steps, test command and log parser",
    "language": "of the repository",
    "task_type": "kind of change",
    "task_type_evidence": "JSON list of the votes for it",
    "reward_spec": "JSON of the rules of the verdict, without hidden files",
    "license": "of the repository, as found in it; empty if not known",
    "statement_source": "what the statement is made of, comma-separated",
    "statement_words": "its length",
    "statement_signals": "what there is to act on, comma-separated",
    "statement_flags": "what is odd about it, comma-separated",
    "leak_score_gold": "share of the gold patch's new names and words that the statement has",
    "leak_score_test": "the same of the test patch",
    "interface": "names that the hidden tests use and the base lacks",
    "env_spec_digest": "identity of the environment",
    "reward_spec_digest": "identity of the rules of the verdict",
    "bundle_digest": "identity of the task in a bundle; empty here",
    "image_commit": "the one commit in the image",
    "notes": "JSON list of things worth knowing",
    "overlap": "JSON list of the benchmarks' tasks that are this one; empty if never compared",
    "oracle": "JSON of what the tests notice of wrong patches; empty if never measured",
}


def export(tasks: Iterable[Task], directory: Path, context: ExportContext) -> None:
    """The card and one Parquet file for each split that has tasks; rows sorted by id."""
    rows = sorted((task_row(task, context) for task in tasks), key=lambda flat: str(flat["instance_id"]))
    splits = {split: [flat for flat in rows if split_of(flat["repo"]) == split] for split in SPLITS}
    for split, part in splits.items():
        path = directory / FILE.format(split=split)
        if part:
            parquet.write(part, path)
        else:
            path.unlink(missing_ok=True)
    with boundary(ExportError, f"cannot write {directory / CARD}", cause="export_failed"):
        write_atomic(directory / CARD, card(splits, context).encode())


def card(splits: Splits, context: ExportContext) -> str:
    """The text of the card."""
    used = {split: part for split, part in splits.items() if part}
    head = yaml.safe_dump(_metadata(used, context), sort_keys=False, allow_unicode=True)
    counted = [
        f"| {split} | {len(part)} | {len({flat['repo'] for flat in part})} |" for split, part in used.items()
    ]
    first = next((part[0] for part in used.values()), {})
    columns = [f"| `{name}` | {COLUMNS[name]} |" for name in first]
    lines = [
        f"---\n{head}---\n",
        f"# {context.name}\n",
        f"{context.description or 'Software-engineering tasks made from merged pull requests.'}\n",
        "Each row is a task: an image with a repository before a change, a statement of what is wanted, and",
        "the tests that decide. Rows were validated by running: the pull request's own change resolves its",
        "task and an empty patch does not.\n",
        "| split | tasks | repositories |\n|---|---|---|",
        *counted,
        "\nSplits are made of whole repositories, chosen by a hash of their names: none is in two.\n",
        "| column | |\n|---|---|",
        *columns,
        "\nThe code in patches and images is its authors'; `license` is what each repository states.",
    ]
    return "\n".join(lines) + "\n"


def _metadata(used: Splits, context: ExportContext) -> dict[str, Any]:
    rows = [flat for part in used.values() for flat in part]
    languages = Counter(flat["language"] for flat in rows)
    size = next((word for bound, word in SIZES if len(rows) < bound), "100K<n<1M")
    files = [{"split": split, "path": FILE.format(split=split)} for split in used]
    return {
        "pretty_name": context.name,
        "license": "other",
        "task_categories": ["text-generation"],
        "tags": ["code", "software-engineering", "reinforcement-learning", *sorted(languages)],
        "size_categories": [size],
        "configs": [{"config_name": "default", "data_files": files}],
    }
