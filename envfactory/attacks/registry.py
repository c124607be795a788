"""All attacks, by name.  A new one is one entry in the module of its kind."""

from __future__ import annotations

from collections.abc import Mapping

from envfactory.attacks import (
    exhaustion,
    patch_forms,
    python_collector,
    python_disguise,
    python_files,
    python_process,
    python_tests,
)
from envfactory.attacks.attack import Attack, Target

KINDS = (
    python_files,
    python_process,
    python_tests,
    python_disguise,
    python_collector,
    exhaustion,
    patch_forms,
)
ATTACKS: Mapping[str, Attack] = {attack.name: attack for kind in KINDS for attack in kind.ATTACKS}


def attacks_on(target: Target, names: tuple[str, ...] = ()) -> tuple[Attack, ...]:
    """Attacks of the target's language, all or those named."""
    wanted = names or tuple(ATTACKS)
    found = (ATTACKS[name] for name in wanted)
    return tuple(attack for attack in found if target.language in (attack.languages or (target.language,)))
