"""Bars as numbers for an SVG: the template draws them, with a table beside."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, ROW, BAR = 400, 40, 12
LABEL_Y, BAR_Y = 16, 22
FIGURE_PX = 64  # kept free on the right for the figure


@dataclass(frozen=True)
class Bar:
    """One bar; all positions in the units of the chart's viewBox."""

    label: str
    figure: float
    shown: str
    width: float
    label_y: int
    bar_y: int
    figure_x: float
    figure_y: int


@dataclass(frozen=True)
class BarChart:
    """Bars below each other, each under its label."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    bar_height: int = BAR


def bar_chart(figures: Sequence[tuple[str, float]], *, form: str = "{:,.0f}") -> BarChart:
    """Bars in the given order, as long as their share of the longest; `form` writes the figure."""
    longest = max((figure for _, figure in figures), default=0) or 1
    return BarChart(
        tuple(
            _bar(n, label, figure, form.format(figure), longest) for n, (label, figure) in enumerate(figures)
        ),
        WIDTH,
        len(figures) * ROW,
    )


def _bar(row: int, label: str, figure: float, shown: str, longest: float) -> Bar:
    length = (WIDTH - FIGURE_PX) * figure / longest
    top = row * ROW
    return Bar(label, figure, shown, length, top + LABEL_Y, top + BAR_Y, length + 6, top + BAR_Y + BAR - 1)
