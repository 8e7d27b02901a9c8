"""The retailer's pages."""

from django.urls import path

from portal.retailer.views import (
    board,
    dashboard,
    notifications,
    offenders,
    questions,
    reports,
    sending,
    stills,
    submissions,
    uploads,
)

app_name = "retailer"
urlpatterns = [
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/export/", dashboard.dashboard_export, name="dashboard-export"),
    path("campaigns/", submissions.campaigns, name="campaigns"),
    path("campaigns/<uuid:uid>/", board.submission, name="submission"),
    path("campaigns/<uuid:uid>/drop/", board.board_drop, name="board-drop"),
    path("campaigns/<uuid:uid>/place-all/", board.board_place_all, name="board-place-all"),
    path("campaigns/<uuid:uid>/merge/", board.board_merge, name="board-merge"),
    path("campaigns/<uuid:uid>/dismiss/", board.board_dismiss, name="board-dismiss"),
    path("campaigns/<uuid:uid>/uploads/", uploads.upload_begin, name="upload-begin"),
    path("uploads/<uuid:uid>/", uploads.upload, name="upload"),
    path("campaigns/<uuid:uid>/receipt/", submissions.receipt, name="receipt"),
    path("campaigns/<uuid:uid>/declare/", sending.submission_declare, name="submission-declare"),
    path("campaigns/<uuid:uid>/offenders/add/", offenders.offender_add, name="offender-add"),
    path("offenders/<uuid:uid>/", offenders.offender, name="offender"),
    path("offenders/<uuid:uid>/edit/", reports.offender_edit, name="offender-edit"),
    path("offenders/<uuid:uid>/edit/<slug:step>/", reports.offender_step, name="offender-step"),
    path("offenders/<uuid:uid>/save/", reports.offender_save, name="offender-save"),
    path("offenders/<uuid:uid>/declare/", sending.offender_declare, name="offender-declare"),
    path("offenders/<uuid:uid>/discard/", offenders.offender_discard, name="offender-discard"),
    path("offenders/<uuid:uid>/place/", board.offender_place, name="offender-place"),
    path("offenders/<uuid:uid>/stills/add/", stills.still_add, name="still-add"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("questions/", questions.questions, name="questions"),
    path("questions/<uuid:uid>/", questions.question, name="question"),
    path("stills/<uuid:uid>/split/", board.still_split, name="still-split"),
    path("stills/<uuid:uid>/send-anyway/", board.still_send_anyway, name="still-send-anyway"),
    path("stills/<uuid:uid>/face/", stills.still_face, name="still-face"),
    path("stills/<uuid:uid>/image/", stills.still_image, name="still-image"),
]
