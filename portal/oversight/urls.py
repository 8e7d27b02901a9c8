"""Routes under /oversight/."""

from django.urls import path, re_path

from portal.oversight import analytics_views, audit_views, check_views, operations, records

app_name = "oversight"
urlpatterns = [
    path("audit/", audit_views.audit, name="audit"),
    path("audit/verify/", audit_views.audit_verify, name="audit-verify"),
    path("audit/<int:number>/", audit_views.audit_entry, name="audit-entry"),
    re_path(
        r"^subjects/(?P<kind>[\w.]{1,60})/(?P<identifier>[\w.-]{1,64})/$", audit_views.subject, name="subject"
    ),
    path("decisions/", records.decisions, name="decisions"),
    path("analytics/", analytics_views.analytics, name="analytics"),
    path("analytics/export/", analytics_views.analytics_export, name="analytics-export"),
    path("check-rate/", check_views.check_rate, name="check-rate"),
    path("searches/", records.searches, name="searches"),
    path("searches/<uuid:uid>/", records.search, name="search"),
    path("searches/<uuid:uid>/replay/", records.search_replay, name="search-replay"),
    path("operations/", operations.operations, name="operations"),
    path("operations/live/", operations.operations_live, name="operations-live"),
    path("refused/", operations.refused, name="refused"),
    path("mails/<uuid:uid>/retry/", operations.mail_retry, name="mail-retry"),
    path("quarantined/<str:kind>/", operations.quarantined, name="quarantined"),
    path("quarantined/<str:kind>/retry/", operations.work_retry_all, name="work-retry-all"),
    path("quarantined/<str:kind>/<int:pk>/retry/", operations.work_retry, name="work-retry"),
]
