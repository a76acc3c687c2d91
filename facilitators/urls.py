from django.urls import URLPattern, path

from facilitators.views import concerns, interests, planner, practice, supervision, supervisor

app_name = "facilitators"
urlpatterns: list[URLPattern] = [
    # records
    path("people/", planner.people_list, name="list"),
    path("people/add/", planner.add, name="add"),
    path("people/<uuid:pk>/", planner.detail, name="detail"),
    path("people/<uuid:pk>/edit/", planner.edit, name="edit"),
    path("people/<uuid:pk>/stage/", planner.stage, name="stage"),
    path("people/<uuid:pk>/supervisor/", planner.supervisor, name="supervisor"),
    path("people/<uuid:pk>/hours/", planner.availability, name="availability"),
    path("people/<uuid:pk>/leave/add/", planner.leave_add, name="leave-add"),
    path("people/<uuid:pk>/leave/<uuid:leave>/cancel/", planner.leave_cancel, name="leave-cancel"),
    # training, certification, clearance
    path("people/<uuid:pk>/training/add/", supervisor.training_add, name="training-add"),
    path(
        "people/<uuid:pk>/training/<uuid:training>/verify/",
        supervisor.training_verify,
        name="training-verify",
    ),
    path(
        "people/<uuid:pk>/training/<uuid:training>/revoke/",
        supervisor.training_revoke,
        name="training-revoke",
    ),
    path(
        "people/<uuid:pk>/certification/add/",
        supervisor.certification_add,
        name="certification-add",
    ),
    path(
        "people/<uuid:pk>/certification/<uuid:certification>/revoke/",
        supervisor.certification_revoke,
        name="certification-revoke",
    ),
    path("people/<uuid:pk>/clearance/allow/", supervisor.override, name="override"),
    path(
        "people/<uuid:pk>/clearance/<uuid:override>/withdraw/",
        supervisor.override_withdraw,
        name="override-withdraw",
    ),
    path("training/", supervisor.matrix, name="matrix"),
    path("training/export.csv", supervisor.matrix_export, name="matrix-export"),
    path("training/requirements/", supervisor.requirements, name="requirements"),
    path("training/requirements/add/", supervisor.requirement_add, name="requirement-add"),
    path("training/requirements/seed/", supervisor.requirements_seed, name="requirements-seed"),
    path(
        "training/requirements/<uuid:pk>/retire/",
        supervisor.requirement_retire,
        name="requirement-retire",
    ),
    # supervisor
    path("board/", supervisor.board, name="board"),
    # boundary concerns
    path("concerns/", concerns.concern_list, name="concerns"),
    path("concerns/report/", concerns.report, name="concern-report"),
    path("concerns/<uuid:pk>/", concerns.detail, name="concern"),
    path("concerns/<uuid:pk>/<slug:name>/", concerns.step, name="concern-step"),
    # conflicts of interest
    path("keep-apart/", interests.interests, name="interests"),
    path("keep-apart/declare/", interests.declare, name="interest-declare"),
    path("keep-apart/<uuid:pk>/", interests.interest, name="interest"),
    path("keep-apart/<uuid:pk>/end/", interests.end, name="interest-end"),
    # supervision and check-ins
    path("supervision/", supervision.supervision_list, name="supervision"),
    path("supervision/new/", supervision.plan, name="supervision-new"),
    path("supervision/<uuid:pk>/", supervision.detail, name="supervision-detail"),
    path("supervision/<uuid:pk>/sign/", supervision.sign, name="supervision-sign"),
    path("supervision/<uuid:pk>/cancel/", supervision.cancel, name="supervision-cancel"),
    path("supervision/check-ins/<uuid:pk>/", supervision.check_in_answer, name="check-in-answer"),
    path("supervision/check-ins/<uuid:pk>/seen/", supervision.check_in_seen, name="check-in-seen"),
    # the facilitator's own
    path("mine/", practice.my_practice, name="my-practice"),
    path("mine/non-peer-work/", practice.non_peer_work, name="non-peer-work"),
    path("mine/check-ins/<uuid:pk>/", practice.check_in, name="check-in"),
]
