from django.urls import path

from phpsupport.health.views import health

app_name = "health"
urlpatterns = [path("", health, name="health")]
