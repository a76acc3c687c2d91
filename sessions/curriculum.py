"""Which step of a curriculum falls on which session. Pure: values in, values out."""

from collections.abc import Sequence
from typing import TypeVar

Step = TypeVar("Step")


def placed(
    steps: Sequence[Step], number: int, *, first: Step | None = None, once: bool = False
) -> list[Step | None]:
    """The step of each of `number` sessions in their order, `first` before all others.

    After the last step the first of the curriculum comes again, so that whoever joins later meets
    each; a closed group goes through its steps `once`. Without steps every session has none.
    """
    count = len(steps)
    start = steps.index(first) if first is not None and first in steps else 0
    return [
        steps[(start + n) % count] if count and (not once or start + n < count) else None
        for n in range(number)
    ]
