"""The picture of the speed term's shapes in the documentation.

    python -m benchmarks.speed_plot > docs/speed.svg

Every point is what ``envfactory.grader.speed.h`` says; nothing is measured.
"""

from __future__ import annotations

from envfactory.grader.speed import h
from envfactory.records import SpeedTerm
from envfactory.records.speed import FORMULAS

WIDTH, HEIGHT, LEFT, TOP = 480, 260, 48, 16
LAST_X, STEPS = 4.0, 80
COLOURS = {"reciprocal": "#0969da", "exponential": "#bc4c00", "linear": "#1a7f37"}
GREY = "#6e7781"


def points(shape: str) -> list[tuple[float, float]]:
    """(x, h(x)) with ``scale`` 1, from 0 to ``LAST_X``."""
    term = SpeedTerm.model_validate({"h": shape})
    return [(step * LAST_X / STEPS, h(step * LAST_X / STEPS, term)) for step in range(STEPS + 1)]


def svg() -> str:
    """The whole picture."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 80} {HEIGHT + 64}" '
        f'font-family="sans-serif" font-size="12" fill="{GREY}">',
        "<title>h(x) for x = T_completion / T_baseline, scale 1</title>",
        *_axes(),
    ]
    for number, (shape, colour) in enumerate(COLOURS.items()):
        path = " ".join(f"{_place(x, y)}" for x, y in points(shape))
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        label = f"{shape}: {FORMULAS[shape]}"
        lines.append(f'<text x="{LEFT + 210}" y="{TOP + 14 + 18 * number}" fill="{colour}">{label}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _axes() -> list[str]:
    bottom, right = TOP + HEIGHT, LEFT + WIDTH
    lines = [
        f'<path fill="none" stroke="{GREY}" d="M{LEFT} {TOP}V{bottom}H{right}"/>',
        f'<path fill="none" stroke="{GREY}" stroke-dasharray="3 3" '
        f'd="M{LEFT} {TOP + HEIGHT / 2:g}H{LEFT + WIDTH / LAST_X:g}V{bottom}"/>',
        f'<text x="{LEFT + WIDTH / 2:g}" y="{bottom + 38}" text-anchor="middle">'
        "x = T_completion / T_baseline (scale 1)</text>",
    ]
    for x in range(int(LAST_X) + 1):
        place = LEFT + WIDTH * x / LAST_X
        lines.append(f'<text x="{place:g}" y="{bottom + 18}" text-anchor="middle">{x}</text>')
    for y in (0.0, 0.5, 1.0):
        height = TOP + HEIGHT * (1 - y) + 4
        lines.append(f'<text x="{LEFT - 8}" y="{height:g}" text-anchor="end">{y:g}</text>')
    return lines


def _place(x: float, y: float) -> str:
    return f"{LEFT + WIDTH * x / LAST_X:.1f},{TOP + HEIGHT * (1 - y):.1f}"


if __name__ == "__main__":
    print(svg(), end="")
