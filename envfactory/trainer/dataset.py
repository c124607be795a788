"""A bundle on disk as a collection of tasks.

Opening one lists directories; a task's files are read when they are asked for, so a dataset of any
size opens at once.  Nothing here starts a container or writes a file.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from envfactory.errors import UsageError
from envfactory.records import Baseline
from envfactory.trainer.speed_setting import SpeedSetting
from envfactory.trainer.task import Task

if TYPE_CHECKING:
    import pandas


class Dataset:
    """The tasks of a bundle, sorted by instance id.

    ``dataset["owner__name-12"]`` and ``dataset[0]`` are tasks, ``dataset[:10]`` is a dataset;
    ``in`` takes an id or a task.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser().absolute()
        folder = self.path / "tasks"
        if not folder.is_dir():
            raise UsageError(
                f"there is no dataset at {self.path}",
                hint="give the directory that holds `tasks/`, e.g. envfactory-work/dataset",
            )
        complete = sorted(found.parent for found in folder.glob("*/provenance.json"))
        self._directories = {path.name: path for path in complete if not path.name.endswith(".incomplete")}
        self._speed: SpeedSetting | None = None

    @property
    def ids(self) -> list[str]:
        """Instance ids, sorted."""
        return list(self._directories)

    def __len__(self) -> int:
        return len(self._directories)

    def __iter__(self) -> Iterator[Task]:
        return (Task(directory, self._speed) for directory in self._directories.values())

    def __contains__(self, item: object) -> bool:
        return (item.instance_id if isinstance(item, Task) else item) in self._directories

    @overload
    def __getitem__(self, key: str | int) -> Task: ...
    @overload
    def __getitem__(self, key: slice) -> Dataset: ...
    def __getitem__(self, key: str | int | slice) -> Task | Dataset:
        if isinstance(key, slice):
            return self._only(self.ids[key])
        if isinstance(key, int):
            return Task(self._directories[self.ids[key]], self._speed)
        if key not in self._directories:
            raise KeyError(f"no task {key!r} in {self.path}{_suggestion(key, self.ids)}")
        return Task(self._directories[key], self._speed)

    def __repr__(self) -> str:
        return f"Dataset({str(self.path)!r}, {len(self)} tasks)"

    def filter(self, keep: Callable[[Task], bool] | None = None, **equal: Any) -> Dataset:
        """The tasks for which ``keep`` is true and whose row has the given values.

        ``dataset.filter(language="python", task_type="bug_fix")``; a column that rows lack is a
        ``KeyError``.
        """

        def wanted(task: Task) -> bool:
            same = all(task.row[column] == value for column, value in equal.items())
            return same and (keep is None or keep(task))

        return self._only([task.instance_id for task in self if wanted(task)])

    def with_speed(self, *, baseline: Baseline | str | Path | None = None, **choice: Any) -> Dataset:
        """The same tasks with another speed term; see ``Task.with_speed``."""
        part = self._only(self.ids)
        part._speed = (self._speed or SpeedSetting()).but(baseline, choice)
        return part

    def rows(self) -> Iterator[dict[str, Any]]:
        """The flat rows of ``docs/formats.md``."""
        return (task.row for task in self)

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a ``pandas.DataFrame``; needs pandas."""
        import pandas

        return pandas.DataFrame(list(self.rows()))

    def to_hf(self) -> Any:
        """The rows as a ``datasets.Dataset``; needs the Hugging Face library ``datasets``."""
        import datasets

        return datasets.Dataset.from_list(list(self.rows()))

    def _only(self, ids: Sequence[str]) -> Dataset:
        part = object.__new__(Dataset)
        part.path, part._speed = self.path, self._speed
        part._directories = {instance_id: self._directories[instance_id] for instance_id in ids}
        return part


def _suggestion(key: str, ids: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, ids, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
