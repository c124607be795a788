"""Running a task's tests in fresh containers: one plan in, one ``TestReport`` out.

Used by the builder (to prove an environment), the extractor and the grader alike, so that all three
see the same thing.
"""

from envfactory.trials.hidden import hidden_files
from envfactory.trials.plan import PatchError, TrialPlan
from envfactory.trials.run import run_trial

__all__ = ["PatchError", "TrialPlan", "hidden_files", "run_trial"]
