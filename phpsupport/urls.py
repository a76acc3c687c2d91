"""Every address of the application."""

from django.urls import include, path

handler400 = "phpsupport.home.views.faults.bad_request"
handler403 = "phpsupport.home.views.faults.not_open"
handler404 = "phpsupport.home.views.faults.not_here"
urlpatterns = [
    path("", include("phpsupport.home.urls")),
    path("health/", include("phpsupport.health.urls")),
    path("", include("sessions.outside_urls")),
    path("dev/mail/", include("phpsupport.devmail.urls")),
    path("accounts/", include("phpsupport.access.urls")),
    path("accounts/", include("phpsupport.home.profile_urls")),
    path("accounts/", include("allauth.urls")),
    path("participants/", include("participants.urls")),
    path("facilitators/", include("facilitators.urls")),
    path("groups/", include("sessions.urls")),
    path("office/", include("phpsupport.office.urls")),
    path("import/", include("phpsupport.importing.urls")),
]
