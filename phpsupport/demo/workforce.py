"""The peer facilitators of the demo program."""

from datetime import time, timedelta
from typing import Any

from facilitators.actions import availability, training
from facilitators.actions import facilitators as peers
from facilitators.models import Facilitator, Stage
from phpsupport.demo.made import World


def hire(w: World) -> None:
    """The peer facilitators, each with trainings, certification and hours."""
    lead = w.users["gloria"]
    begun = w.today - timedelta(days=300)
    training.seed_requirements(program=w.program, by=lead, at=w.at(begun))
    plan: dict[str, dict[str, Any]] = {
        "ana": {"stage": Stage.ACTIVE, "supervisor": "rosa", "kind": "initial", "languages": ["English", "Spanish"], "limit": 3},
        "devon": {"stage": Stage.ACTIVE, "supervisor": "rosa", "kind": "full", "limit": 2},
        "linh": {"stage": Stage.CO_FACILITATING, "supervisor": "rosa", "kind": "", "languages": ["English", "Vietnamese"], "alumna": True},
        "jo": {"stage": Stage.ACTIVE, "supervisor": "rosa", "kind": "full", "limit": 2, "employment": "part-time"},
        "marcus": {"stage": Stage.CERTIFIED, "supervisor": "martin", "kind": "full", "limit": 3},
        "theo": {"stage": Stage.ACTIVE, "supervisor": "martin", "kind": "full", "languages": ["English", "Swedish"], "employment": "volunteer"},
    }  # fmt: skip
    for number, (key, p) in enumerate(plan.items()):
        user = w.users[key]
        peer = peers.add_facilitator(
            program=w.program,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            staff_id=f"P{101 + number}",
            by=lead,
            at=w.at(begun),
            stage=p["stage"],
            supervisor=w.users[p["supervisor"]],
            languages=p.get("languages", ["English"]),
            phone=f"(555) 555-01{10 + number}",
            employment=p.get("employment", "full-time"),
            alumni_of_program=p.get("alumna", False),
            max_groups_per_day=p.get("limit"),
            hired_on=begun + timedelta(days=9 * number),
        )
        w.peers[key], w.supervisors[key] = peer, w.users[p["supervisor"]]
        _trainings(w, key, peer, p["kind"])
    availability.set_availability(
        facilitator=w.peers["jo"],
        hours=[(4, time(9), time(14)), (1, time(16), time(21)), (3, time(16), time(21))],
        by=w.users["priya"],
        at=w.at(begun),
    )


def _trainings(w: World, key: str, peer: Facilitator, kind: str) -> None:
    lead = w.users["gloria"]
    requirements = list(w.program.training_requirements.order_by("position"))
    for place, requirement in enumerate(requirements):
        left = 60 + (place * 37 + len(key) * 11) % 250
        if key == "devon" and requirement.name == "Boundary setting":
            left = -4
        if key == "jo" and requirement.name == "Ethics and confidentiality":
            left = 14
        runs_out = w.today + timedelta(days=left)
        done = runs_out - timedelta(days=365)
        training.record_training(
            facilitator=peer,
            requirement=requirement,
            completed_on=done,
            expires_on=runs_out,
            hours=2 + place % 5,  # type: ignore[arg-type]
            provider="State Peer Network",
            certificate_number=f"C-{len(key)}{place}{peer.staff_id[1:]}",
            by=lead,
            at=w.at(max(done, w.today - timedelta(days=290))),
            verified=not (key == "theo" and place == 3),
        )
    if kind:
        issued = w.today - timedelta(days=200 if kind == "full" else 90)
        training.record_certification(
            facilitator=peer,
            kind=kind,
            number=f"CPS-{1200 + len(key) * 7}",
            issued_on=issued,
            expires_on=issued + timedelta(days=730),
            board="State Certification Board",
            by=lead,
            at=w.at(issued),
        )
