"""Asking the gallery from this process."""

from datetime import datetime

from matching.index import to_grid
from portal.accounts.models import Organisation
from portal.gallery.index import ModelIndex, index_of
from portal.gallery.models import CustodyImage
from portal.searches.actions import Answer, search_gallery
from tests.cast import ENGINE, unit_vector


def ask(force: Organisation, person: int, length: int = 20, at: datetime | None = None) -> Answer:
    """The gallery's answer to unit_vector(person)."""
    return search_gallery(to_grid(unit_vector(person)[None])[0], ENGINE, force, length=length, at=at)


def found(force: Organisation, person: int, length: int = 20) -> list[tuple[int, float]]:
    """Template ids and scores, best first."""
    return [(one.template_id, one.score) for one in ask(force, person, length).listed]


def template_of(image: CustodyImage) -> int:
    """The id of an image's only template."""
    return image.templates.get().pk


def our_index() -> ModelIndex:
    """This host's index of the tests' model."""
    return index_of(model=ENGINE.model, dimension=ENGINE.dimension)


def vector_bytes(number: int) -> bytes:
    """unit_vector(number) as the index keeps it."""
    return to_grid(unit_vector(number)[None])[0].astype("<f4").tobytes()
