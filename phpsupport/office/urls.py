from django.urls import path

from phpsupport.office import views

app_name = "office"
urlpatterns = [
    path("closed-days/", views.closures, name="closures"),
    path("closed-days/<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("rules/", views.policy, name="policy"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.invite_person, name="invite"),
    path("people/<uuid:pk>/roles/", views.give_roles, name="give-roles"),
    path("people/roles/<uuid:pk>/end/", views.end, name="end-role"),
    path("people/invitations/<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("trail/", views.trail, name="trail"),
]
