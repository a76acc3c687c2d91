from django.urls import path

from phpsupport.home.views.today import today

app_name = "home"
urlpatterns = [path("", today, name="today")]
