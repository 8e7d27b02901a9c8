"""The vocabulary of the log: `source:subject:action`, after the kinds of Data Protection Act 2018 s.62."""

from django.db.models import TextChoices


class Tag(TextChoices):
    """What happened. The second word names the subject, the third the act."""

    # consultation
    ORIGINAL_VIEWED = "consultation:original:viewed"
    STILL_VIEWED = "consultation:still:viewed"
    CUSTODY_IMAGE_VIEWED = "consultation:custody_image:viewed"
    CUSTODY_SUBJECT_VIEWED = "consultation:custody_subject:viewed"
    CANDIDATES_VIEWED = "consultation:candidate_list:viewed"
    CANDIDATES_REVEALED = "consultation:candidate_list:revealed"
    DECISION_VIEWED = "consultation:decision:viewed"
    AUDIT_VIEWED = "consultation:audit:viewed"
    QUESTIONS_VIEWED = "consultation:question:viewed"
    # collection
    SUBMISSION_STARTED = "collection:submission:started"
    BULK_RECEIVED = "collection:bulk:received"
    OFFENDER_ADDED = "collection:offender:added"
    STILL_RECEIVED = "collection:still:received"
    STILL_REFUSED = "collection:still:refused"
    QUESTION_ANSWERED = "collection:question:answered"
    CUSTODY_IMPORTED = "collection:custody_image:imported"
    # alteration
    OFFENDER_CHANGED = "alteration:offender:changed"
    NAMES_CHECKED = "alteration:offender:names_checked"
    OFFENDER_DECLARED = "alteration:offender:declared"
    FACE_CHOSEN = "alteration:still:face_chosen"
    QUESTION_WITHDRAWN = "alteration:question:withdrawn"
    CUSTODY_CHANGED = "alteration:custody_image:changed"
    CAMPAIGN_CHANGED = "alteration:campaign:changed"
    CAMPAIGN_OPENED = "alteration:campaign:opened"
    CAMPAIGN_CLOSED = "alteration:campaign:closed"
    WORK_QUARANTINED = "alteration:work:quarantined"
    WORK_RETRIED = "alteration:work:retried"
    # combination
    SEARCH_PERFORMED = "combination:search:performed"
    SEARCH_REPLAYED = "combination:search:replayed"
    TEMPLATE_ENROLLED = "combination:template:enrolled"
    REVIEW_CLAIMED = "combination:review:claimed"
    REVIEW_RELEASED = "combination:review:released"
    REVIEW_BLIND_SAVED = "combination:review:blind_saved"
    REVIEW_COMPLETED = "combination:review:completed"
    DECISION_MADE = "combination:decision:made"
    DECISION_ADJUDICATED = "combination:decision:adjudicated"
    # disclosure
    STATUS_DISCLOSED = "disclosure:status:shown"
    QUESTION_ASKED = "disclosure:question:asked"
    EXPORTED = "disclosure:export:downloaded"
    # erasure
    STILL_ERASED = "erasure:still:erased"
    OFFENDER_ERASED = "erasure:offender:erased"
    CUSTODY_DELETION_REQUESTED = "erasure:custody_image:requested"
    CUSTODY_ERASED = "erasure:custody_image:erased"
    # access
    LOGGED_IN = "access:session:started"
    LOGGED_OUT = "access:session:ended"
    LOGIN_FAILED = "access:session:refused"
    USER_INVITED = "access:user:invited"
    USER_JOINED = "access:user:joined"
    USER_CHANGED = "access:user:changed"
    ORGANISATION_CHANGED = "access:organisation:changed"
    TOKEN_MADE = "access:token:made"
    TOKEN_REVOKED = "access:token:revoked"
    TOKEN_USED = "access:token:used"
