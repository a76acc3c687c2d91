from django.urls import path

from participants.views import clinician, participant, staff

app_name = "participants"
urlpatterns = [
    path("", staff.census, name="census"),
    path("admit/", staff.admit, name="admit"),
    path("mine/", clinician.my_people, name="my-people"),
    path("me/", participant.my_preferences, name="my-preferences"),
    path("me/consent/", participant.my_consent, name="my-consent"),
    path("<uuid:pk>/", staff.detail, name="detail"),
    path("<uuid:pk>/edit/", staff.edit, name="edit"),
    path("<uuid:pk>/contacts/", staff.contacts, name="contacts"),
    path("<uuid:pk>/consents/", staff.consents, name="consents"),
    path("<uuid:pk>/level/", staff.level, name="level"),
    path("<uuid:pk>/discharge/", staff.discharge, name="discharge"),
    path("<uuid:pk>/discharge/take-back/", staff.reopen, name="reopen"),
    path("<uuid:pk>/readmit/", staff.readmit, name="readmit"),
    path("<uuid:pk>/move/", staff.move, name="move"),
    path("<uuid:pk>/care-team/", staff.care_team, name="care-team"),
    path("<uuid:pk>/care-team/<uuid:membership>/end/", staff.care_team_end, name="care-team-end"),
]
