"""Checking by night that this host's index holds, byte for byte, what the database holds."""

import socket

from matching.errors import IndexCorrupt, IndexForeign
from matching.index import Verification as Comparison
from portal.audit.models import Verification
from portal.audit.verifying import begin_whole, finish
from portal.gallery.index import ModelIndex, index_of
from portal.gallery.models import Template
from portal.gallery.serving import serving_settings
from portal.gallery.vectors import dimension_of
from portal.vault import VaultError


def verify_index() -> Verification | None:
    """Verify the index in use where it is due on this host; what is wrong is said and made anew."""
    model = serving_settings().model
    known = Template.objects.filter(model=model)
    first = known.order_by("pk").first()
    if first is None:
        return None
    run = begin_whole(f"index of {model} on {socket.gethostname()}"[:160])
    if run is None:
        return None
    index = index_of(model=model, dimension=dimension_of(first))
    finish(run, checked=known.count(), fault=_fault(index))
    return run


def _fault(index: ModelIndex) -> str:
    try:
        wrong = _wrong(index)
        if not wrong:
            return ""
        index.make_anew()
        again = _wrong(index)
    except VaultError as error:
        return f"A template cannot be read: {error}"
    made = "It was made anew and is still wrong" if again else "It was made anew"
    return f"It did not hold what the database holds: {wrong}. {made}."


def _wrong(index: ModelIndex) -> str:
    """In words; empty where nothing is. What was enrolled or erased meanwhile is no fault: what stays is."""
    try:
        found = index.verify()
        if not found.agrees:
            found = _in_both(found, index.verify())
    except (IndexCorrupt, IndexForeign) as error:
        return str(error)
    return "" if found.agrees else _words(found)


def _in_both(one: Comparison, other: Comparison) -> Comparison:
    """What both found: each number of rows that only one of them found is left out."""

    def both(name: str) -> tuple[int, ...]:
        return tuple(sorted(set(getattr(one, name)) & set(getattr(other, name))))

    sound = one.sound or other.sound
    return Comparison(other.seq, both("missing"), both("unexpected"), both("different"), sound)


def _words(found: Comparison) -> str:
    parts = {
        "missing": len(found.missing),
        "too many": len(found.unexpected),
        "with other bytes": len(found.different),
    }
    counted = [f"{count} {name}" for name, count in parts.items() if count]
    return ", ".join(counted or ["its checksums do not agree"])
