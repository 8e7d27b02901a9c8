"""States of a campaign, their allowed moves, and the fixed choices of a retailer's report."""

from django.db.models import TextChoices


class CampaignState(TextChoices):
    """A campaign is prepared, open for submissions, then closed."""

    DRAFT = "draft", "In preparation"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


CAMPAIGN_MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.OPEN}),
    CampaignState.OPEN: frozenset({CampaignState.CLOSED}),
    CampaignState.CLOSED: frozenset({CampaignState.OPEN}),
}


class OffenceType(TextChoices):
    """What is alleged, with its section where a statute defines it."""

    THEFT = "theft", "Theft from shop (s.1 Theft Act 1968)"
    ROBBERY = "robbery", "Robbery (s.8 Theft Act 1968)"
    BURGLARY = "burglary", "Burglary (s.9 Theft Act 1968)"
    GOING_EQUIPPED = "going_equipped", "Going equipped (s.25 Theft Act 1968)"
    MAKING_OFF = "making_off", "Making off without payment (s.3 Theft Act 1978)"
    REFUND_FRAUD = "refund_fraud", "Refund fraud"
    ASSAULT = "assault", "Assault on a retail worker"
    THREATS = "threats", "Threats or public order"
    DAMAGE = "damage", "Criminal damage"


class YesNoUnknown(TextChoices):
    """An answer a reporter may not have."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNKNOWN = "unknown", "Not known"


class FaceChoice(TextChoices):
    """Who chose the face that is searched."""

    NONE = "", "Nobody yet"
    ENGINE = "engine", "The most prominent face"
    PERSON = "person", "Chosen by a person"
    DRAWN = "drawn", "In a box drawn by a person"


class UploadState(TextChoices):
    """A file in parts arrives; then it is taken, known already, or refused."""

    ARRIVING = "arriving", "Arriving"
    TAKEN = "taken", "Received"
    KNOWN = "known", "Here already"
    REFUSED = "refused", "Not taken"


MAX_OFFENDERS = 30
MAX_STILLS = 10
MAX_UNPLACED = 200
