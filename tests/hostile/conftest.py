"""Where hostile files are sent to."""

import pytest

from portal.submissions.models import Offender
from tests.cast import Cast, make_offender
from tests.hostile.doors import Doors


@pytest.fixture
def doors(cast: Cast) -> Doors:
    """The first retailer's."""
    return Doors(cast.loss_prevention)


@pytest.fixture
def offenders(cast: Cast) -> tuple[Offender, Offender]:
    """One for each door: the same file is kept once for an offender."""
    return (
        make_offender(cast.loss_prevention, cast.campaign),
        make_offender(cast.loss_prevention, cast.campaign),
    )
