"""How a line of the log is written: what happened and where, nobody's data and no secret address.

PostgreSQL quotes the row that it refuses ("DETAIL: Failing row contains …"), and Django logs the
path of a request that failed; some paths open what they lead to.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any, Final

# The word after these opens a calendar or an account.
SECRET: Final = re.compile(
    r"(/(?:calendar|accounts/(?:invitation|password/reset/key|confirm-email))/)[^/\s'\"]+"
)
# As it stands in a fault's text, and in the text of its repr.
QUOTED_ROW: Final = re.compile(r"(?:\n|\\n)?\s*DETAIL:.*", re.DOTALL)


class Line(logging.Formatter):
    """A formatter that leaves out quoted rows and secret addresses."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = QUOTED_ROW.sub("", record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        text = super().formatException(ei)
        for fault in _chain(ei[1]):
            said = str(fault)
            if QUOTED_ROW.search(said):
                text = text.replace(said, QUOTED_ROW.sub("", said))
        return text

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's formatter may have kept it
        return SECRET.sub(r"\1…", super().format(record))


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault, what it came from and what it was raised while handling, each once."""
    seen: set[int] = set()
    left = [fault]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
