from django.urls import path

from phpsupport.home.views import search, today

app_name = "home"
urlpatterns = [
    path("", today.today, name="today"),
    path("me/", today.portal, name="portal"),
    path("search/", search.search, name="search"),
]
