from django.urls import URLPattern, path, re_path

from sessions.views import facilitator, planner, reader, review, week

app_name = "sessions"

KIND = r"(?P<kind>group|progress)"
UUID = r"(?P<pk>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"

# --- attendance, notes, review ----------------------------------------------------------------------
attendance_and_notes: list[URLPattern] = [
    path("my-day/", facilitator.my_day, name="my-day"),
    path("sessions/<uuid:pk>/attendance/", facilitator.attendance, name="attendance"),
    path("sessions/<uuid:pk>/outcome/", facilitator.outcome, name="outcome"),
    path("sessions/<uuid:pk>/note/", facilitator.note, name="note"),
    path("sessions/<uuid:pk>/sign/", facilitator.note_sign, name="note-sign"),
    path("sessions/<uuid:pk>/notes/", reader.notes_of_session, name="notes-of-session"),
    re_path(rf"^notes/{KIND}/{UUID}/addendum/$", facilitator.addendum, name="addendum"),
    re_path(rf"^notes/{KIND}/{UUID}/void/$", facilitator.void, name="void"),
    path("review/", review.queue, name="review-queue"),
    path("review/<uuid:pk>/", review.review, name="review"),
    re_path(rf"^notes/{KIND}/{UUID}/return/$", review.return_to_author, name="return"),
    path("people/<uuid:pk>/record/", reader.participant_record, name="participant-record"),
]

# --- the schedule -----------------------------------------------------------------------------------
schedule: list[URLPattern] = [
    path("today/", planner.today, name="today"),
    path("week/", week.week, name="week"),
    path("", planner.groups, name="groups"),
    path("new/", planner.group_new, name="group-new"),
    path("<uuid:pk>/", planner.group, name="group"),
    path("<uuid:pk>/edit/", planner.group_edit, name="group-edit"),
    path("<uuid:pk>/retire/", planner.group_retire, name="group-retire"),
    path("rooms/", planner.rooms, name="rooms"),
    path("rooms/new/", planner.room_new, name="room-new"),
    path("rooms/<uuid:pk>/", planner.room_edit, name="room-edit"),
    path("rooms/<uuid:pk>/retire/", planner.room_retire, name="room-retire"),
    path("series/new/", planner.series_new, name="series-new"),
    path("series/new/dates/", planner.series_preview, name="series-preview"),
    path("series/<uuid:pk>/", planner.series, name="series"),
    path("series/<uuid:pk>/end/", planner.series_end, name="series-end"),
    path("series/<uuid:pk>/hand-over/", planner.series_hand_over, name="series-hand-over"),
    path("series/<uuid:pk>/enroll/", planner.enroll, name="enroll"),
    path("places/<uuid:pk>/end/", planner.enrollment_end, name="enrollment-end"),
    path("waitlist/<uuid:pk>/leave/", planner.waitlist_leave, name="waitlist-leave"),
    path("sessions/<uuid:pk>/", planner.session, name="session"),
    path("sessions/<uuid:pk>/move/", planner.session_move, name="session-move"),
    path("sessions/<uuid:pk>/staff/", planner.session_staff, name="session-staff"),
    path("sessions/<uuid:pk>/cancel/", planner.session_cancel, name="session-cancel"),
    path("people/<uuid:pk>/groups/", planner.participant_groups, name="participant-groups"),
    path("people/<uuid:pk>/enroll/", planner.participant_enroll, name="participant-enroll"),
]

urlpatterns: list[URLPattern] = [*attendance_and_notes, *schedule]
