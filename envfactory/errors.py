"""The error tree, and the exit code that each branch means.

    FactoryError                 anything we can explain                exit 1
    ├── UsageError               the call or the configuration is wrong exit 2
    ├── NothingSelected          no pull request or task matched        exit 3
    ├── PrerequisiteError        Docker, disk, git, token missing       exit 4
    ├── RateLimited              a remote budget is spent, state kept   exit 5
    └── StageError               one task broke; becomes a ``Failure``  exit 1
        ├── CloneError           the repository cannot be read
        ├── RemoteError          a service does not answer, or refuses
        ├── BuildError           an image could not be built
        ├── ModelError           a language model gave no answer that can be used
        ├── TrialError           a test run could not be carried out
        ├── GradeError           a patch could not be judged
        ├── EpisodeError         an agent's episode cannot begin or go on
        └── ExportError          a bundle could not be written

A pull request that is simply *no task* is not an error but a ``Rejection`` record; an error here
means that *we* (or the machine) broke.  Every message says what happened, why if that is known, and
the next command.  This module never prints and never exits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

EXIT_OK = 0
EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class FactoryError(Exception):
    """Base of everything we can explain; ``hint`` is the next command or setting to try."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(FactoryError):
    """The command line, the configuration or an input file is wrong."""

    exit_code = 2


class NothingSelected(FactoryError):
    """The selection matched nothing, so nothing was done."""

    exit_code = 3


class PrerequisiteError(FactoryError):
    """Something that we need on this machine is missing or too old."""

    exit_code = 4


class RateLimited(FactoryError):
    """A remote service asks us to wait longer than allowed; all state is kept."""

    exit_code = 5


class StageError(FactoryError):
    """One task broke in one stage.

    ``cause`` is a short stable slug (it is counted in ``status``), ``retryable`` says whether the
    same call may succeed later, ``log`` is the tail of the output worth reading.
    """

    def __init__(
        self,
        message: str,
        *,
        cause: str,
        retryable: bool = False,
        log: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.retryable = retryable
        self.log = log


class CloneError(StageError):
    """A repository cannot be read as git."""


class RemoteError(StageError):
    """A service that we mine does not answer after all tries, or refuses to."""


class BuildError(StageError):
    """An image could not be built."""


class ModelError(StageError):
    """A language model gave no answer, or one that cannot be used."""


class TrialError(StageError):
    """A test run could not be carried out (the run itself, not the tests, broke)."""


class GradeError(StageError):
    """A patch could not be judged for reasons that are not the patch's."""


class EpisodeError(StageError):
    """An agent's episode cannot begin or go on: its time is over, its pool is full or closed."""


class ExportError(StageError):
    """A dataset could not be written."""


@contextmanager
def boundary(kind: type[StageError], what: str, *, cause: str, retryable: bool = False) -> Iterator[None]:
    """Turn any foreign exception inside into ``kind``; our own pass through unchanged."""
    try:
        yield
    except FactoryError:
        raise
    except Exception as error:
        raise kind(f"{what}: {error}", cause=cause, retryable=retryable) from error
