"""Every route of the portal. Each view declares its audience (portal.accounts.access)."""

from django.urls import include, path

from portal.accounts import views as accounts

urlpatterns = [
    path("", accounts.home, name="home"),
    path("health/", accounts.health, name="health"),
    path("accounts/", include("portal.accounts.urls")),
    path("retailer/", include("portal.retailer.urls")),
    path("police/", include("portal.police.urls")),
    path("oversight/", include("portal.oversight.urls")),
    path("api/v1/", include("portal.api.urls")),
]
