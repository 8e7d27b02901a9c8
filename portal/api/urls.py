"""Routes under /api/v1/: the endpoints, their description, and the page where a manager makes tokens."""

from django.urls import path, re_path

from portal.api import (
    board_views,
    figures_views,
    pages,
    question_views,
    schema,
    still_views,
    upload_views,
    views,
    webhook_pages,
)

app_name = "api"
urlpatterns = [
    path("campaigns/", views.Campaigns.as_view(), name="campaigns"),
    path("stores/", views.Stores.as_view(), name="stores"),
    path("submissions/", views.Submissions.as_view(), name="submissions"),
    path("submissions/<uuid:uid>/", views.SubmissionDetail.as_view(), name="submission"),
    path(
        "submissions/<uuid:uid>/offenders/", views.SubmissionOffenders.as_view(), name="submission-offenders"
    ),
    path("submissions/<uuid:uid>/stills/", board_views.SubmissionTray.as_view(), name="submission-stills"),
    path("submissions/<uuid:uid>/places/", board_views.SubmissionPlaces.as_view(), name="submission-places"),
    path(
        "submissions/<uuid:uid>/suggestions/",
        board_views.SubmissionSuggestions.as_view(),
        name="submission-suggestions",
    ),
    path(
        "submissions/<uuid:uid>/suggestions/dismiss/",
        board_views.SuggestionDismissal.as_view(),
        name="suggestion-dismiss",
    ),
    path(
        "submissions/<uuid:uid>/receipt.pdf",
        board_views.SubmissionReceiptPdf.as_view(),
        name="submission-receipt-pdf",
    ),
    path(
        "submissions/<uuid:uid>/receipt/", board_views.SubmissionReceipt.as_view(), name="submission-receipt"
    ),
    path(
        "submissions/<uuid:uid>/uploads/", upload_views.SubmissionUploads.as_view(), name="submission-uploads"
    ),
    path("uploads/<uuid:uid>/", upload_views.Upload.as_view(), name="upload"),
    path("offenders/", views.Offenders.as_view(), name="offenders"),
    path("offenders/<uuid:uid>/", views.OffenderDetail.as_view(), name="offender"),
    path("offenders/<uuid:uid>/status/", views.OffenderStatus.as_view(), name="offender-status"),
    path(
        "offenders/<uuid:uid>/declaration/", views.OffenderDeclaration.as_view(), name="offender-declaration"
    ),
    path("offenders/<uuid:uid>/stills/", still_views.OffenderStills.as_view(), name="offender-stills"),
    path("offenders/<uuid:uid>/place/", board_views.OffenderPlace.as_view(), name="offender-place"),
    path("offenders/<uuid:uid>/merge/", board_views.OffenderMerging.as_view(), name="offender-merge"),
    path("stills/<uuid:uid>/split/", board_views.StillSplitting.as_view(), name="still-split"),
    path("questions/", question_views.Questions.as_view(), name="questions"),
    path("questions/<uuid:uid>/", question_views.QuestionDetail.as_view(), name="question"),
    path("questions/<uuid:uid>/stills/", question_views.QuestionStills.as_view(), name="question-stills"),
    path(
        "questions/<uuid:uid>/documents/",
        question_views.QuestionDocuments.as_view(),
        name="question-documents",
    ),
    path("questions/<uuid:uid>/answer/", question_views.QuestionAnswer.as_view(), name="question-answer"),
    path("figures/", figures_views.Figures.as_view(), name="figures"),
    path("stills/<uuid:uid>/", still_views.StillDetail.as_view(), name="still"),
    path("stills/<uuid:uid>/face/", still_views.StillFace.as_view(), name="still-face"),
    path("stills/<uuid:uid>/region/", still_views.StillRegion.as_view(), name="still-region"),
    path("schema/", schema.Schema.as_view(), name="schema"),
    path("docs/", pages.docs, name="docs"),
    path("tokens/", pages.tokens, name="tokens"),
    path("tokens/<uuid:uid>/revoke/", pages.token_revoke, name="token-revoke"),
    path("webhooks/", webhook_pages.webhooks, name="webhooks"),
    path("webhooks/<uuid:uid>/", webhook_pages.webhook, name="webhook"),
    path("webhooks/<uuid:uid>/test/", webhook_pages.webhook_test, name="webhook-test"),
    path("webhooks/<uuid:uid>/secret/", webhook_pages.webhook_rotate, name="webhook-rotate"),
    path("webhooks/<uuid:uid>/switch/", webhook_pages.webhook_switch, name="webhook-switch"),
    path("webhooks/<uuid:uid>/remove/", webhook_pages.webhook_remove, name="webhook-remove"),
    path("webhooks/deliveries/<uuid:uid>/again/", webhook_pages.delivery_again, name="delivery-again"),
    re_path(r"^[\s\S]*$", views.NoSuchAddress.as_view()),
]
