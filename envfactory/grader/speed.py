"""What time is worth: pure functions of seconds and a ``SpeedTerm``.

    h(x, term)                  ->  1 at x = 0, one half at x = term.scale, falling, never below 0
    speed(completion, term)     ->  h(T_completion / T_baseline), or None where one of them is not known
    value(performance, ...)     ->  the reward: performance + beta * speed, the latter only if resolved
    relative_to_group(...)      ->  the rewards of a group, with the group's own times as the baseline

Correctness comes first in every mode: no weight lets a patch that does not resolve gain by being fast.
Measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from envfactory.records import Baseline, Completion, Reward, SpeedTerm


def h(x: float, term: SpeedTerm) -> float:
    """The share of the speed reward for ``x`` = T_completion / T_baseline, between 0 and 1.

    ``x`` below 0 counts as 0.  Formulas are ``records.speed.FORMULAS``.
    """
    times = max(x, 0.0) / term.scale
    if term.h == "exponential":
        return float(2.0**-times)
    if term.h == "linear":
        return max(0.0, 1.0 - times / 2.0)
    return 1.0 / (1.0 + times)


def baseline(term: SpeedTerm) -> float | None:
    """T_baseline in seconds of the term's clock; ``None`` where nothing was measured."""
    found = quantile(
        term.baseline_cpu_seconds if term.clock == "cpu" else term.baseline_seconds, term.quantile
    )
    return found or None


def taken(completion: Completion, term: SpeedTerm) -> float | None:
    """T_completion in seconds of the term's clock; ``None`` where that clock was not read."""
    return {
        "episode": completion.episode,
        "environment": completion.environment,
        "cpu": completion.cpu,
    }[term.clock]


def speed(completion: Completion | None, term: SpeedTerm) -> float | None:
    """``h`` of ``completion``; ``None`` without a time or without a baseline."""
    seconds = None if completion is None else taken(completion, term)
    usual = baseline(term)
    return None if seconds is None or usual is None else h(seconds / usual, term)


def value(performance: float, resolved: bool, term: SpeedTerm, found: float | None) -> float:
    """``gate * (r_perf + beta * r_speed)``: ``performance`` is ``gate * r_perf``, at most 1.

    The speed term counts for a patch that resolves only; ``found`` is what ``speed`` said.
    """
    return performance + term.beta * found if resolved and found is not None else performance


def revalued(reward: Reward, term: SpeedTerm) -> Reward:
    """``reward`` with its speed term computed by ``term``; one without a value (a fault) is left as it is."""
    if reward.value is None or reward.performance is None:
        return reward
    found = speed(reward.completion, term)
    found = 0.0 if found is not None and not reward.resolved else found
    worth = value(reward.performance, reward.resolved, term, found)
    return reward.model_copy(update={"speed": found, "value": worth})


def relative_to_group(rewards: Sequence[Reward], term: SpeedTerm) -> list[Reward]:
    """Rewards of one group (several completions of one task, as GRPO draws them), in the same order.

    T_baseline is ``term.quantile`` of the times of those that resolve, so no reference run and no
    constant of the machine enters; who is alone in resolving has x = 1.  ``spec_digest`` stays that
    of the verdict.
    """
    times = [
        seconds
        for reward in rewards
        if reward.resolved and reward.completion is not None
        if (seconds := taken(reward.completion, term)) is not None
    ]
    key = "baseline_cpu_seconds" if term.clock == "cpu" else "baseline_seconds"
    own = term.model_copy(update={key: tuple(times)})
    return [revalued(reward, own) for reward in rewards]


def rebased(term: SpeedTerm, instance_id: str, measured: Baseline) -> SpeedTerm:
    """``term`` for the machine of ``measured``: the task's runs there, else the recorded ones scaled."""
    known = measured.tasks.get(instance_id)
    wall = known.seconds if known else tuple(t * measured.ratio for t in term.baseline_seconds)
    cpu = known.cpu_seconds if known else tuple(t * measured.cpu_ratio for t in term.baseline_cpu_seconds)
    changed = {"baseline_seconds": wall, "baseline_cpu_seconds": cpu, "machine": measured.machine}
    return term.model_copy(update=changed)


def quantile(samples: Sequence[float], share: float) -> float | None:
    """The point below which ``share`` of the samples lie, by linear interpolation; ``None`` of nothing."""
    ordered = sorted(samples)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))
