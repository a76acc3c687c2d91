from django.urls import URLPattern, path, re_path

from sessions.views import facilitator, reader, review

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

urlpatterns: list[URLPattern] = [*attendance_and_notes]
