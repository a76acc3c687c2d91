from django.urls import URLPattern, path, re_path

from sessions.views import (
    adding,
    after_signing,
    arrange,
    attendance,
    blocks,
    catalogue,
    changes,
    cover,
    curriculum,
    export,
    facilitator,
    feed,
    handing_over,
    kiosk,
    note,
    presence,
    reader,
    review,
    roster,
    safety,
    saving,
    search,
    series,
    session,
    sheet,
    signing,
    today,
    touched,
    week,
)

app_name = "sessions"

KIND = r"(?P<kind>group|progress)"
UUID = r"(?P<pk>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"

# --- attendance, notes, review ----------------------------------------------------------------------
attendance_and_notes: list[URLPattern] = [
    path("my-day/", facilitator.my_day, name="my-day"),
    path("sessions/<uuid:pk>/here/<slug:page>/", presence.presence, name="presence"),
    path("sessions/<uuid:pk>/attendance/", attendance.attendance, name="attendance"),
    path("sessions/<uuid:pk>/outcome/", attendance.outcome, name="outcome"),
    path("sessions/<uuid:pk>/note/", note.note, name="note"),
    path("sessions/<uuid:pk>/note/save/", saving.note_save, name="note-save"),
    path("sessions/<uuid:pk>/sign/", signing.note_sign, name="note-sign"),
    path("sessions/<uuid:pk>/notes/", reader.notes_of_session, name="notes-of-session"),
    re_path(rf"^notes/{KIND}/{UUID}/addendum/$", after_signing.addendum, name="addendum"),
    re_path(rf"^notes/{KIND}/{UUID}/void/$", after_signing.void, name="void"),
    path("blocks/", blocks.blocks, name="blocks"),
    path("blocks/new/", blocks.block_new, name="block-new"),
    path("blocks/begin/", blocks.blocks_begin, name="blocks-begin"),
    path("blocks/<uuid:pk>/", blocks.block_edit, name="block-edit"),
    path("blocks/<uuid:pk>/retire/", blocks.block_retire, name="block-retire"),
    path("find-notes/", search.note_search, name="note-search"),
    path("people/<uuid:pk>/file/", export.record_export, name="record-export"),
    path("review/", review.queue, name="review-queue"),
    path("review/<uuid:pk>/", review.review, name="review"),
    re_path(rf"^notes/{KIND}/{UUID}/return/$", review.return_to_author, name="return"),
    path("series/<uuid:pk>/handing-over/", handing_over.write, name="hand-over-write"),
    path("series/<uuid:pk>/handed-over/", handing_over.do_without, name="hand-over-missing"),
    path("handed-over/<uuid:pk>/", handing_over.read, name="handed-over"),
    path("my-record/", reader.my_record, name="my-record"),
    path("people/<uuid:pk>/record/", reader.participant_record, name="participant-record"),
]

# --- the schedule -----------------------------------------------------------------------------------
schedule: list[URLPattern] = [
    path("today/", today.today, name="today"),
    path("week/", week.week, name="week"),
    path("week/events/", arrange.week_events, name="week-events"),
    path("week/move/<uuid:pk>/", arrange.week_move, name="week-move"),
    path("", catalogue.groups, name="groups"),
    path("new/", catalogue.group_new, name="group-new"),
    path("<uuid:pk>/", catalogue.group, name="group"),
    path("<uuid:pk>/edit/", catalogue.group_edit, name="group-edit"),
    path("<uuid:pk>/retire/", catalogue.group_retire, name="group-retire"),
    path("<uuid:pk>/curriculum/", curriculum.curriculum, name="curriculum"),
    path("steps/<uuid:pk>/", curriculum.step, name="step"),
    path("steps/<uuid:pk>/move/", curriculum.step_move, name="step-move"),
    path("steps/<uuid:pk>/retire/", curriculum.step_retire, name="step-retire"),
    path("series/<uuid:pk>/steps/", curriculum.place_steps, name="place-steps"),
    path("rooms/", catalogue.rooms, name="rooms"),
    path("rooms/new/", catalogue.room_new, name="room-new"),
    path("rooms/<uuid:pk>/", catalogue.room_edit, name="room-edit"),
    path("rooms/<uuid:pk>/retire/", catalogue.room_retire, name="room-retire"),
    path("series/new/", series.series_new, name="series-new"),
    path("series/new/dates/", series.series_preview, name="series-preview"),
    path("series/<uuid:pk>/", series.series, name="series"),
    path("series/<uuid:pk>/end/", series.series_end, name="series-end"),
    path("series/<uuid:pk>/hand-over/", series.series_hand_over, name="series-hand-over"),
    path("series/<uuid:pk>/enroll/", roster.enroll, name="enroll"),
    path("places/<uuid:pk>/end/", roster.enrollment_end, name="enrollment-end"),
    path("places/<uuid:pk>/leaving/", roster.enrollment_leaving, name="enrollment-leaving"),
    path("waitlist/<uuid:pk>/answer/", roster.offer_answer, name="offer-answer"),
    path("waitlist/<uuid:pk>/mine/", roster.my_offer, name="my-offer"),
    path("waitlist/<uuid:pk>/leave/", roster.waitlist_leave, name="waitlist-leave"),
    path("sessions/<uuid:pk>/", session.session, name="session"),
    path("sessions/<uuid:pk>/move/", session.session_move, name="session-move"),
    path("sessions/<uuid:pk>/staff/", session.session_staff, name="session-staff"),
    path("sessions/<uuid:pk>/cancel/", session.session_cancel, name="session-cancel"),
    path("not-cleared/", touched.not_cleared, name="not-cleared"),
    path("closed-days/<uuid:pk>/", touched.closure, name="closure"),
    path("leave/<uuid:pk>/", touched.leave, name="leave"),
    path("people/<uuid:pk>/groups/", roster.participant_groups, name="participant-groups"),
    path("people/<uuid:pk>/enroll/", roster.participant_enroll, name="participant-enroll"),
]

# --- safety concerns ----------------------------------------------------------------------------------
safety_concerns: list[URLPattern] = [
    path("sessions/<uuid:pk>/safety/", safety.raise_concern, name="safety-raise"),
    path("safety/", safety.concerns, name="safety"),
    path("safety/<uuid:pk>/", safety.concern, name="safety-concern"),
    path("safety/<uuid:pk>/know/", safety.know, name="safety-know"),
    path("safety/<uuid:pk>/add/", safety.add, name="safety-add"),
    path("safety/<uuid:pk>/close/", safety.close, name="safety-close"),
    path("safety/<uuid:pk>/mistake/", safety.mistake, name="safety-mistake"),
]

# --- changing and undoing ----------------------------------------------------------------------------
changing: list[URLPattern] = [
    path("changes/", changes.changes, name="changes"),
    path("changes/cancel/", changes.cancel_several, name="cancel-several"),
    path("changes/<uuid:pk>/undo/", changes.batch_undo, name="batch-undo"),
    path("series/<uuid:pk>/edit/", changes.series_edit, name="series-edit"),
    path("series/<uuid:pk>/add/", adding.series_add_date, name="series-add-date"),
    path("series/<uuid:pk>/edit/what/", changes.series_edit_preview, name="series-edit-preview"),
]

# --- cover and answers --------------------------------------------------------------------------------
cover_and_answers: list[URLPattern] = [
    path("cover/", cover.cover_list, name="cover"),
    path("cover/ask/", cover.cover_ask, name="cover-ask"),
    path("cover/for/<uuid:pk>/", cover.cover_for, name="cover-for"),
    path("cover/<uuid:pk>/", cover.cover_request, name="cover-request"),
    path("cover/<uuid:pk>/withdraw/", cover.cover_withdraw, name="cover-withdraw"),
    path("cover/asked/<uuid:pk>/", cover.cover_answer, name="cover-answer"),
    path("sessions/<uuid:pk>/cover/", cover.session_cover, name="session-cover"),
    path("sessions/<uuid:pk>/answer/", cover.session_answer, name="session-answer"),
    path("sessions/<uuid:pk>/propose/", cover.session_propose, name="session-propose"),
    path("series/<uuid:pk>/answer/", cover.series_answer, name="series-answer"),
    path("series/<uuid:pk>/propose/", cover.series_propose, name="series-propose"),
    path("proposals/<uuid:pk>/", cover.proposal, name="proposal"),
]

# --- calendar, sign-in sheet, kiosk ------------------------------------------------------------------
outside: list[URLPattern] = [
    path("my-calendar/", feed.my_calendar, name="my-calendar"),
    path("my-calendar/stop/", feed.my_calendar_stop, name="my-calendar-stop"),
    path("sessions/<uuid:pk>/sheet/", sheet.sheet, name="sheet"),
    path("sessions/<uuid:pk>/sheet.pdf", sheet.sheet_pdf, name="sheet-pdf"),
    path("sessions/<uuid:pk>/kiosk/", kiosk.session_kiosk, name="session-kiosk"),
    path("sessions/<uuid:pk>/kiosk/close/", kiosk.session_kiosk_close, name="session-kiosk-close"),
]

urlpatterns: list[URLPattern] = [
    *attendance_and_notes,
    *safety_concerns,
    *changing,
    *cover_and_answers,
    *outside,
    *schedule,
]
