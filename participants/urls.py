from django.urls import path

from participants.views import (
    care_team,
    census,
    clinician,
    goals,
    page,
    participant,
    sharing,
    stays,
)

app_name = "participants"
urlpatterns = [
    path("", census.census, name="census"),
    path("admit/", stays.admit, name="admit"),
    path("mine/", clinician.my_people, name="my-people"),
    path("me/", participant.my_preferences, name="my-preferences"),
    path("me/goals/", goals.my_goals, name="my-goals"),
    path("me/goals/<uuid:goal>/", goals.my_goal, name="my-goal"),
    path("me/consent/", participant.my_consent, name="my-consent"),
    path("me/sharing/", sharing.my_sharing, name="my-sharing"),
    path("disclosures/", sharing.disclosures, name="disclosures"),
    path("<uuid:pk>/sharing/", sharing.sharing, name="sharing"),
    path("<uuid:pk>/sharing/consent/", sharing.consent_take, name="consent-take"),
    path("sharing/<uuid:pk>/take-back/", sharing.consent_revoke, name="consent-revoke"),
    path("sharing/<uuid:pk>/came-about/", sharing.consent_end, name="consent-end"),
    path("<uuid:pk>/goals/", goals.goals, name="goals"),
    path("<uuid:pk>/goals/<uuid:goal>/", goals.goal, name="goal"),
    path("<uuid:pk>/", page.detail, name="detail"),
    path("<uuid:pk>/edit/", page.edit, name="edit"),
    path("<uuid:pk>/contacts/", page.contacts, name="contacts"),
    path("<uuid:pk>/consents/", page.consents, name="consents"),
    path("<uuid:pk>/account/", page.account, name="account"),
    path("<uuid:pk>/level/", stays.level, name="level"),
    path("<uuid:pk>/discharge/", stays.discharge, name="discharge"),
    path("<uuid:pk>/discharge/take-back/", stays.reopen, name="reopen"),
    path("<uuid:pk>/readmit/", stays.readmit, name="readmit"),
    path("<uuid:pk>/move/", stays.move, name="move"),
    path("<uuid:pk>/care-team/", care_team.care_team, name="care-team"),
    path(
        "<uuid:pk>/care-team/<uuid:membership>/end/", care_team.care_team_end, name="care-team-end"
    ),
]
