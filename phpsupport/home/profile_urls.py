from django.urls import path

from phpsupport.home.views import profile

app_name = "users"
urlpatterns = [
    path("profile/", profile.profile, name="profile"),
    path("theme/", profile.theme, name="theme"),
]
