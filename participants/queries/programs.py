"""Where people take, or took, part."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from participants.models import EpisodeOfCare, Participant


def with_programs(people: QuerySet[Participant]) -> QuerySet[Participant]:
    """Participants with the programs of their stays, so that `program_ids` need not ask."""
    stays = EpisodeOfCare.objects.filter(participant=OuterRef("pk")).order_by("-admitted_on")
    return people.annotate(stayed_in=ArraySubquery(stays.values("program_id")))
