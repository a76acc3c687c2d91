"""What is open to everybody: calendars by their secret address, and the tablet at the door."""

from django.urls import path

from sessions.views import feed, kiosk

app_name = "outside"
urlpatterns = [
    path("calendar/<str:token>.ics", feed.calendar, name="calendar"),
    path("kiosk/", kiosk.kiosk, name="kiosk"),
    path("kiosk/done/", kiosk.done, name="kiosk-done"),
    path("kiosk/again/", kiosk.again, name="kiosk-again"),
]
