"""What a person was shown before they say yes, as a digest that the page sends back with the yes.

The act makes the same digest under its locks: where something else would come of it now, nothing is
done, and the page shows it anew. So nobody writes over what a colleague changed meanwhile, and a
reason given for one obstacle sets no other one aside.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID

from phpsupport.lib.errors import Refused
from sessions.queries.slots import Obstacle, Wanted

if TYPE_CHECKING:
    from sessions.queries.consequence import Change, Fresh, News, Standing

UNSEEN: Final = "unseen"  # the code of the refusal
CHANGED: Final = "Something changed since you looked. Nothing was saved: look at it again."
FIRST: Final = "Nothing was saved yet: look first at what it comes to."


def refuse_unseen(seen: str | None, shown: str) -> None:
    """Refuse what was not shown like that; None asks nothing, for acts that no page shows first."""
    if seen is not None and seen != shown:
        raise Refused(CHANGED if seen else FIRST, code=UNSEEN)


def digest_of(
    *,
    changes: Iterable["Change"] = (),
    fresh: Iterable["Fresh"] = (),
    wanted: Sequence[Wanted] = (),
    obstacles: Iterable[Obstacle] = (),
    news: Iterable["News"] = (),
    expected: Mapping[UUID, Collection[UUID]] | None = None,
    beside: Iterable[object] = (),
) -> str:
    """What stands and what becomes of it, what is in the way, who is told, and what else the act
    changes (`beside`). The order in which they were read says nothing; nor does a reason in words."""
    told = [f"{c.session.pk} {_place(c.before)} {_place(c.after)} {c.cancelled}" for c in changes]
    told += [f"new {f.series.pk} {_place(f)} {f.item.pk if f.item else ''}" for f in fresh]
    told += [
        f"{wanted[o.index].key} {wanted[o.index].starts_at.timestamp()} {o.level} {o.final} "
        f"{o.rule} {o.sentence}"
        for o in obstacles
    ]
    told += [
        f"{n.kind} {n.session.pk} {sorted(map(str, n.people | set((expected or {})[n.session.pk])))}"
        for n in news
    ]
    told += [f"beside {one}" for one in beside]
    return sha256("\n".join(sorted(told)).encode()).hexdigest()[:20]


def _place(at: "Standing | Fresh") -> str:
    people = sorted(f"{f.pk} {part}" for f, part in at.people)
    return (
        f"{at.local_date} {at.starts_at.timestamp()} {at.ends_at.timestamp()} {at.room.pk} {people}"
    )
