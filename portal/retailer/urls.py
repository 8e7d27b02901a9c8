"""The retailer's pages."""

from django.urls import path

from portal.retailer.views import (
    dashboard,
    notifications,
    offenders,
    questions,
    reports,
    sending,
    stills,
    submissions,
)

app_name = "retailer"
urlpatterns = [
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/export/", dashboard.dashboard_export, name="dashboard-export"),
    path("campaigns/", submissions.campaigns, name="campaigns"),
    path("campaigns/<uuid:uid>/", submissions.submission, name="submission"),
    path("campaigns/<uuid:uid>/receipt/", submissions.receipt, name="receipt"),
    path("campaigns/<uuid:uid>/declare/", sending.submission_declare, name="submission-declare"),
    path("campaigns/<uuid:uid>/offenders/add/", offenders.offender_add, name="offender-add"),
    path("offenders/<uuid:uid>/", offenders.offender, name="offender"),
    path("offenders/<uuid:uid>/edit/", reports.offender_edit, name="offender-edit"),
    path("offenders/<uuid:uid>/edit/<slug:step>/", reports.offender_step, name="offender-step"),
    path("offenders/<uuid:uid>/save/", reports.offender_save, name="offender-save"),
    path("offenders/<uuid:uid>/declare/", sending.offender_declare, name="offender-declare"),
    path("offenders/<uuid:uid>/discard/", offenders.offender_discard, name="offender-discard"),
    path("offenders/<uuid:uid>/stills/add/", stills.still_add, name="still-add"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("questions/", questions.questions, name="questions"),
    path("questions/<uuid:uid>/", questions.question, name="question"),
    path("stills/<uuid:uid>/face/", stills.still_face, name="still-face"),
    path("stills/<uuid:uid>/image/", stills.still_image, name="still-image"),
]
