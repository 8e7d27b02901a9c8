"""The receipt: the hash of every still."""

import hashlib
from collections.abc import Callable

from tests.cast import Cast, make_offender, make_still, picture


def test_every_still_with_its_hash(cast: Cast, read: Callable[..., str]) -> None:
    offender = make_offender(cast.loss_prevention, cast.campaign, incident_reference="LP-1")
    for seed in (1, 2):
        make_still(offender, picture(seed))
    make_offender(cast.loss_prevention, cast.campaign, declared=False)
    make_still(make_offender(cast.neighbour, cast.campaign), picture(3))
    html = read("receipt", cast.campaign.uid)
    for seed, shown in ((1, True), (2, True), (3, False)):
        assert (hashlib.sha256(picture(seed)).hexdigest() in html) is shown
    assert "LP-1" in html
    assert "Lena Prior" in html
    assert "no declaration was made" in html


def test_an_empty_one(cast: Cast, read: Callable[..., str]) -> None:
    assert "Nothing was received yet." in read("receipt", cast.campaign.uid)
