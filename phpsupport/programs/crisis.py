"""The crisis line: the site's own number first, then the line that the program's policy sets."""

from datetime import datetime

from phpsupport.lib import clock
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.programs.policy import DEFAULTS


def crisis_line(program: Program | None, *, at: datetime) -> str:
    """What stands on every page for participants. One query."""
    if program is None:
        return str(DEFAULTS["safety_line"])
    line = str(policy_in_force(program.pk, clock.local_date(at, program.zone))["safety_line"])
    phone = program.site.phone
    return f"Call us at {phone}. {line}" if phone and phone not in line else line
