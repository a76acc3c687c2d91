from django.urls import path

from phpsupport.access import again, views

app_name = "access"
urlpatterns = [
    path("again/", again.again, name="again"),
    path("program/", views.switch_program, name="switch-program"),
    path("invitation/<str:token>/", views.accept, name="accept-invitation"),
]
