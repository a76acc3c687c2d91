"""The demo program: one coherent world relative to today, made through the same actions as everything.

Deterministic: the same day gives the same world. The cases that a program meets are all there: an
interpreter, two people of one name, a consent taken back, a facilitator with a sealed former chart,
a training that ran out, a group at its cap with a waitlist, a place that is kept for who is
first in line, somebody who leaves early as planned, a series across a clock change, an
evening group past midnight UTC, a participant who moved sites, a note late before a holiday, and a
supervisor who is named in a concern.
"""

from datetime import datetime
from random import Random

from django.db import transaction

from phpsupport.demo.accounts import open_accounts, set_rules
from phpsupport.demo.cover import ask_around
from phpsupport.demo.goals import name_goals
from phpsupport.demo.history import live_through
from phpsupport.demo.made import World
from phpsupport.demo.schedule import furnish_lakeside, leave_to_do, plan_series
from phpsupport.demo.stays import admit_people, fill_rosters, keep_a_place
from phpsupport.demo.support import raise_concerns, supervise
from phpsupport.demo.workforce import hire
from phpsupport.demo.writing import agree_to_share, hand_over, keep_words_at_hand, worry
from phpsupport.programs.models import Organization, Program, Site
from sessions.actions.rejudging import rejudge

ORGANIZATION, HARBOR, LAKESIDE = (
    "Harbor Behavioral Health",
    "Harbor Day Program",
    "Lakeside Day Program",
)
EASTERN, CENTRAL = "America/New_York", "America/Chicago"


@transaction.atomic
def build(now: datetime) -> Program:
    """Make the whole demo world as of `now`. Refuses nothing: call it on an empty database."""
    organization = Organization.objects.create(name=ORGANIZATION)
    harbor = Program.objects.create(
        name=HARBOR,
        site=Site.objects.create(
            organization=organization, name="Portland", time_zone=EASTERN, phone="(555) 555-0100"
        ),
    )
    lakeside = Program.objects.create(
        name=LAKESIDE,
        site=Site.objects.create(
            organization=organization, name="Duluth", time_zone=CENTRAL, phone="(555) 555-0180"
        ),
    )
    world = World(now, harbor, Random(20260105))
    open_accounts(world, lakeside)
    set_rules(world)
    hire(world)
    plan_series(world)
    admit_people(world, lakeside)
    fill_rosters(world)
    name_goals(world)
    live_through(world)
    keep_words_at_hand(world)
    hand_over(world)
    worry(world)
    agree_to_share(world)
    keep_a_place(world)
    supervise(world)
    raise_concerns(world)
    leave_to_do(world)
    ask_around(world)
    furnish_lakeside(world, lakeside)
    rejudge(program=harbor, at=now)
    return harbor
