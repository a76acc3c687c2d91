from django.urls import path

from phpsupport.home.views import search, today, waiting

app_name = "home"
urlpatterns = [
    path("", today.today, name="today"),
    path("me/", today.portal, name="portal"),
    path("waiting/", waiting.waiting, name="waiting"),
    path("search/", search.search, name="search"),
]
