"""Boxes and points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.geometry import (
    Box,
    clipped,
    eye_centres,
    grown,
    inter_eye_distance,
    intersection_over_smaller,
    intersection_over_union,
    mapped,
)

numbers = st.floats(-500, 500, allow_subnormal=False)
sizes = st.floats(1, 500)
boxes = st.builds(Box, numbers, numbers, sizes, sizes)


@given(boxes, boxes)
def test_overlap_measures_are_shares_and_symmetric(a: Box, b: Box) -> None:
    for measure in (intersection_over_union, intersection_over_smaller):
        assert 0 <= measure(a, b) <= 1 + 1e-9
        assert measure(a, b) == pytest.approx(measure(b, a))
    assert intersection_over_union(a, a) == pytest.approx(1)


@given(boxes)
def test_a_clipped_box_lies_inside_the_image(box: Box) -> None:
    inside = clipped(box, 100, 80)
    assert 0 <= inside.x <= inside.x + inside.w <= 100 + 1e-9
    assert 0 <= inside.y <= inside.y + inside.h <= 80 + 1e-9


@given(boxes, st.floats(0, 2, allow_subnormal=False))
def test_growing_keeps_the_centre(box: Box, share: float) -> None:
    assert grown(box, share).centre == pytest.approx(box.centre, abs=1e-6)
    assert grown(box, share).w == pytest.approx(box.w * (1 + 2 * share))


def test_a_box_found_in_an_enlarged_crop_is_mapped_back() -> None:
    assert mapped(Box(20, 40, 10, 10), 0.5, dx=100, dy=200) == Box(110, 220, 5, 5)


def test_eyes_are_given_left_to_right_whatever_the_layout() -> None:
    five = np.array([(60, 20), (50, 20), (10, 22), (20, 22), (35, 40)], np.float32)
    left, right = eye_centres(five)
    assert left.tolist() == [15, 22]
    assert right.tolist() == [55, 20]
    assert inter_eye_distance(five) == pytest.approx(np.hypot(40, 2))
