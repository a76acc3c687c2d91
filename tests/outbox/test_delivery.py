"""The outbox: queued once, claimed once, tried again, given up, and nothing of the letter kept."""

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.outbox import delivery, kinds
from phpsupport.outbox.delivery import (
    BATCH,
    LEASE,
    MAX_ATTEMPTS,
    PATIENCE,
    Planned,
    cancel,
    claim,
    deliver,
    deliver_round,
    enqueue,
)
from phpsupport.outbox.kinds import Letter, Postpone, Withhold
from phpsupport.outbox.models import OutboxMessage, State
from tests.jobs import Postbox, wait_until

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADDRESS = "ana.silva@harbor.example"
WORDS = "You have an appointment tomorrow at 2:00 PM."


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[Any, Any]:
    """What the kind "test" says to a message, by its subject; the letter unless told otherwise."""
    said: dict[Any, Any] = {}

    def compose(message: OutboxMessage, at: datetime) -> Letter:
        answer = said.get(message.subject_id)
        if isinstance(answer, Exception):
            raise answer
        return Letter(to=ADDRESS, subject="Tomorrow", text=WORDS, html=f"<p>{WORDS}</p>")

    monkeypatch.setitem(kinds._kinds, "test", compose)
    return said


def our_log(caplog: pytest.LogCaptureFixture) -> str:
    """What the application logged; the catching mail server in this process logs, too."""
    return "\n".join(r.getMessage() for r in caplog.records if r.name != "mail.log")


def plan(key: str = "", **fields: Any) -> Planned:
    return Planned(
        **{
            "kind": "test",
            "key": key or uuid4().hex,
            "recipient_id": uuid4(),
            "subject_id": uuid4(),
            "due_at": NOON,
        }
        | fields
    )


def queue(number: int = 1, **fields: Any) -> list[OutboxMessage]:
    planned = [plan(**fields) for _ in range(number)]
    enqueue(planned, at=NOON)
    return list(OutboxMessage.objects.filter(dedupe_key__in=[p.key for p in planned]))


def in_threads(number: int, act: Any) -> list[Any]:
    """`act(place)` in that many threads at once, each with its own connection."""
    ready = threading.Barrier(number)

    def run(place: int) -> Any:
        try:
            ready.wait(10)
            return act(place)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


# --- queuing --------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_key_is_queued_once() -> None:
    enqueue([plan("reminder:1"), plan("reminder:1"), plan("reminder:2")], at=NOON)
    first = OutboxMessage.objects.get(dedupe_key="reminder:1")
    deliver(at=NOON)
    enqueue([plan("reminder:1", due_at=NOON + timedelta(days=1))], at=NOON)
    assert OutboxMessage.objects.count() == 2
    first.refresh_from_db()
    assert (first.state, first.due_at) == (State.SENT, NOON)


def test_a_key_is_queued_once_by_eight_at_the_same_time(transactional_db: None) -> None:
    in_threads(8, lambda place: enqueue([plan(f"k{n}") for n in range(20)], at=NOON))
    assert OutboxMessage.objects.count() == 20


def test_what_is_rolled_back_leaves_nothing(transactional_db: None, mailoutbox: list[Any]) -> None:
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert deliver(at=NOON) == 0
    assert mailoutbox == []


def test_the_row_is_committed_while_the_broker_is_away(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger=delivery.log.name)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens
        app = delivery.current_app
        away = app.connection_for_write(f"redis://127.0.0.1:{closed.getsockname()[1]}/0")
        monkeypatch.setattr(delivery, "current_app", SimpleNamespace(
            send_task=partial(app.send_task, connection=away)
        ))  # fmt: skip
        with transaction.atomic():
            queue()
    assert OutboxMessage.objects.get().state == State.WAITING
    assert "could not nudge the worker" in caplog.text


def test_the_worker_is_nudged_after_the_commit_and_only_for_what_is_due(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from phpsupport.outbox.tasks import deliver_due

    assert deliver_due.name == delivery.DELIVER
    nudged: list[bool] = []
    monkeypatch.setattr(delivery, "_nudge", lambda: nudged.append(True))
    with transaction.atomic():
        queue()
        assert nudged == []
    assert nudged == [True]
    queue(due_at=NOON + timedelta(minutes=1))
    assert nudged == [True]


# --- claiming -------------------------------------------------------------------------------------
def test_workers_at_the_same_time_never_take_the_same_message(transactional_db: None) -> None:
    queue(60)
    taken = in_threads(6, lambda place: [m.pk for m in claim(at=NOON, limit=10)])
    every = [pk for batch in taken for pk in batch]
    assert len(every) == len(set(every)) == 60


def test_while_one_worker_holds_its_claim_the_other_does_not_wait(transactional_db: None) -> None:
    queue(4)
    with transaction.atomic():
        mine = OutboxMessage.objects.select_for_update().order_by("due_at")[:2]
        held = {m.pk for m in mine}
        (theirs,) = in_threads(1, lambda place: {m.pk for m in claim(at=NOON)})
    assert len(theirs) == 2
    assert not held & theirs


@pytest.mark.django_db
def test_nothing_is_taken_before_it_is_due_or_while_the_lease_lasts() -> None:
    queue()
    assert claim(at=NOON - timedelta(seconds=1)) == []
    assert len(claim(at=NOON)) == 1
    assert claim(at=NOON + LEASE) == []
    again = claim(at=NOON + LEASE + timedelta(seconds=1))
    assert [m.attempts for m in again] == [2]


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_changes_nothing_any_more() -> None:
    queue()
    (mine,) = claim(at=NOON)
    (theirs,) = claim(at=NOON + LEASE + timedelta(seconds=1))
    delivery._finish(mine, State.FAILED, why="late")
    delivery._give_back([mine], due_at=NOON)
    theirs.refresh_from_db()
    assert (theirs.state, theirs.attempts) == (State.SENDING, 2)


@pytest.mark.django_db
def test_a_message_over_which_workers_die_is_given_up(mailoutbox: list[Any]) -> None:
    (message,) = queue()
    at = NOON
    for _ in range(MAX_ATTEMPTS):
        assert len(claim(at=at)) == 1
        at += LEASE + timedelta(seconds=1)
    deliver(at=at)
    message.refresh_from_db()
    assert (message.state, message.why) == (State.FAILED, "gave-up")
    assert mailoutbox == []


@given(limit=st.integers(1, 30), number=st.integers(0, 25))
def test_full_batches_ask_for_another_look(limit: int, number: int) -> None:
    batch = [OutboxMessage(pk=uuid4(), expires_at=NOON, lease_until=NOON) for _ in range(number)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "claim", lambda *, at, limit: batch[:limit])
        patch.setattr(delivery, "_finish", lambda *a, **k: False)
        assert deliver_round(at=NOON, limit=limit).more is (number >= limit)


# --- sending --------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_withheld_messages_do_not_stop_the_round(
    answers: dict[Any, Any], mailoutbox: list[Any]
) -> None:
    from phpsupport.outbox.tasks import deliver_due

    for message in queue(BATCH, due_at=NOON - timedelta(hours=1)):
        answers[message.subject_id] = Withhold("revoked")
    queue()
    deliver_due()
    assert len(mailoutbox) == 1
    assert OutboxMessage.objects.filter(state=State.WITHHELD, why="revoked").count() == BATCH


@pytest.mark.django_db
def test_a_letter_that_cannot_be_made_holds_up_nobody(
    answers: dict[Any, Any], mailoutbox: list[Any]
) -> None:
    (broken,) = queue(due_at=NOON - timedelta(hours=1))
    queue()
    answers[broken.subject_id] = KeyError("no such participant: Ana Silva")
    assert deliver(at=NOON) == 1
    broken.refresh_from_db()
    assert (broken.state, broken.why) == (State.WAITING, "KeyError")
    assert len(mailoutbox) == 1


@pytest.mark.django_db
def test_postponing_waits_and_does_not_count_as_a_try(
    answers: dict[Any, Any], mailoutbox: list[Any]
) -> None:
    (message,) = queue()
    at = NOON
    for _ in range(MAX_ATTEMPTS + 2):
        answers[message.subject_id] = Postpone(at + timedelta(hours=11))
        deliver(at=at)
        message.refresh_from_db()
        assert (message.state, message.due_at) == (State.WAITING, at + timedelta(hours=11))
        at = message.due_at
    assert message.attempts == 0
    del answers[message.subject_id]
    assert deliver(at=at) == 1


@pytest.mark.django_db
def test_postponing_to_the_past_still_waits(answers: dict[Any, Any]) -> None:
    (message,) = queue()
    answers[message.subject_id] = Postpone(NOON - timedelta(hours=1))
    assert deliver(at=NOON) == 0
    assert claim(at=NOON) == []
    assert len(claim(at=NOON + timedelta(minutes=1))) == 1


@pytest.mark.django_db
def test_too_late_cancelled_and_unknown_are_withheld(mailoutbox: list[Any]) -> None:
    (late,), (dropped,), (strange,) = (
        queue(expires_at=NOON), queue(), queue(kind="of-another-version"),
    )  # fmt: skip
    assert dropped.subject_id
    assert cancel(subject_id=dropped.subject_id, why="session-cancelled") == 1
    assert cancel(subject_id=dropped.subject_id, why="session-cancelled") == 0
    assert deliver(at=NOON) == 0
    why = dict(OutboxMessage.objects.values_list("pk", "why"))
    assert why == {late.pk: "too-late", dropped.pk: "session-cancelled", strange.pk: "unknown-kind"}
    assert mailoutbox == []


def test_a_letter_goes_over_smtp_and_nothing_of_it_is_kept(
    transactional_db: None,
    smtp: Postbox,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Appointments <appointments@peers.example>"
    caplog.set_level(logging.DEBUG)
    (message,) = queue()
    assert deliver(at=NOON) == 1
    assert deliver(at=NOON) == 0
    (letter,) = smtp.wait_for(1)
    assert letter.to == [ADDRESS]
    assert (letter.subject, letter.text.strip()) == ("Tomorrow", WORDS)
    assert WORDS in letter.html
    assert letter.mail["Message-ID"] == f"<{message.pk}@peers.example>"
    assert letter.mail["Auto-Submitted"] == "auto-generated"
    assert "outbox" not in letter.mail.as_string()
    row = str(OutboxMessage.objects.values().get())
    for secret in (ADDRESS, WORDS, "Tomorrow"):
        assert secret not in row
    assert ADDRESS not in our_log(caplog)


def test_one_conversation_carries_the_whole_batch(transactional_db: None, smtp: Postbox) -> None:
    from django.core.mail.backends.smtp import EmailBackend

    opened: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        real = EmailBackend.open
        patch.setattr(
            EmailBackend, "open", lambda self: opened.append(bool(made := real(self))) or made
        )
        queue(5)
        assert deliver(at=NOON) == 5
    smtp.wait_for(5)
    assert opened.count(True) == 1


def test_a_refused_letter_is_tried_eight_times_with_longer_waits(
    transactional_db: None, smtp: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    (message,) = queue()
    smtp.refuse = f"451 try later, {ADDRESS}"
    at, waits = NOON, []
    for _ in range(MAX_ATTEMPTS):
        assert deliver(at=at) == 0
        message.refresh_from_db()
        waits.append((message.due_at - at) // timedelta(minutes=1))
        at = message.due_at
    assert waits[:-1] == [1, 2, 4, 8, 16, 32, 64]
    assert (message.state, message.why, message.attempts) == (State.FAILED, "SMTPDataError", 8)
    smtp.refuse = None
    assert deliver(at=at + timedelta(days=1)) == 0
    assert message.pk.hex in caplog.text.replace("-", "")
    assert ADDRESS not in our_log(caplog)


def test_a_refused_letter_does_not_stop_the_others(transactional_db: None, smtp: Postbox) -> None:
    first, second = queue(due_at=NOON - timedelta(hours=1)), queue()
    smtp.refuse = "451 later"
    deliver(at=NOON - timedelta(minutes=30))
    smtp.refuse = None
    assert deliver(at=NOON) == 2
    assert {m.pk for m in OutboxMessage.objects.filter(state=State.SENT)} == {
        first[0].pk, second[0].pk,
    }  # fmt: skip


def test_while_the_server_is_away_nothing_counts_as_tried(
    transactional_db: None, settings: Any, smtp: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    listening, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    queue(3)
    at = NOON
    for _ in range(MAX_ATTEMPTS + 3):
        assert deliver_round(at=at) == delivery.Round(0)
        assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("waiting", 0)}
        at += delivery.SERVER_AWAY
    assert "does not answer: ConnectionRefusedError" in caplog.text
    settings.EMAIL_PORT = listening
    assert deliver(at=at) == 3


@pytest.fixture
def silent() -> Iterator[int]:
    """A mail server that takes the call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_silent_server_holds_a_worker_for_one_time_limit_only(
    transactional_db: None, settings: Any, silent: int
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", silent, 2
    queue(50)
    done: list[int] = []
    thread = threading.Thread(target=lambda: (done.append(deliver(at=NOON)), connection.close()))
    thread.start()
    assert wait_until(lambda: done, seconds=60), "50 messages waited for one silent server each"
    thread.join()
    assert OutboxMessage.objects.filter(state=State.WAITING, attempts=0).count() == 50


@pytest.mark.django_db
def test_a_slow_server_leaves_the_rest_of_the_batch_to_others(
    monkeypatch: pytest.MonkeyPatch, mailoutbox: list[Any]
) -> None:
    queue(5)
    clock = iter([0.0, *(PATIENCE.total_seconds() * n / 2 for n in range(10))])
    monkeypatch.setattr(delivery.time, "monotonic", lambda: next(clock))
    assert deliver(at=NOON) == len(mailoutbox) == 2
    assert OutboxMessage.objects.filter(state=State.WAITING, attempts=0, due_at=NOON).count() == 3


def test_the_limits_fit_into_each_other() -> None:
    """A worker at its slowest is done before its lease is, and before its task is ended."""
    from phpsupport.outbox.tasks import LONGEST_SECONDS

    slowest_letter = 6 * settings.EMAIL_TIMEOUT
    assert PATIENCE.total_seconds() + slowest_letter < LEASE.total_seconds()
    round_at_worst = PATIENCE.total_seconds() + slowest_letter
    assert LONGEST_SECONDS + round_at_worst <= settings.CELERY_TASK_SOFT_TIME_LIMIT
    limit = settings.CELERY_TASK_TIME_LIMIT
    assert limit > settings.CELERY_TASK_SOFT_TIME_LIMIT
    assert limit < settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


@pytest.mark.jobs
def test_a_worker_of_its_own_delivers_what_is_queued(worker: Any, smtp: Postbox) -> None:
    from phpsupport.lib import clock

    enqueue([plan(due_at=clock.now())], at=clock.now())
    (letter,) = smtp.wait_for(1)
    assert letter.to == [ADDRESS]
    assert wait_until(lambda: OutboxMessage.objects.get().state == State.SENT)
