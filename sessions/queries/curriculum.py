"""The steps of a group's curriculum, and the sessions on which they stand."""

from sessions.models import CurriculumItem, SupportGroup


def steps_of(group: SupportGroup) -> list[CurriculumItem]:
    """The steps that sessions take, in their order. One query."""
    return list(group.curriculum.filter(retired_on=None).order_by("position"))
