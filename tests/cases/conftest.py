"""A case across two retailers."""

import pytest

from portal.cases.models import Case
from tests.cases.acting import case_across_two_retailers
from tests.cast import Cast, make_gallery


@pytest.fixture
def case(cast: Cast) -> Case:
    """A case with an identified offence of one retailer and a linked one of the other."""
    make_gallery(cast.force, 3)
    return case_across_two_retailers(cast)
