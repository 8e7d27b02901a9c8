"""What every page's template may use."""

from django.http import HttpRequest

CAVEAT = "Intelligence, not evidence. A possible match is a line of enquiry, not an identification."


def house(request: HttpRequest) -> dict[str, object]:
    """The standing caveat and the product's name."""
    return {"caveat": CAVEAT, "product": "Stillmatch"}
