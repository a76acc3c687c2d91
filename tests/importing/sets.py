"""The shipped sample set for tests, and the day on which they stand."""

from datetime import datetime
from zoneinfo import ZoneInfo

from phpsupport.importing.patterns import SAMPLES

NOW = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("America/New_York"))


def sample_files(**replaced: str | None) -> list[tuple[str, bytes]]:
    """The sample's CSV files; `rooms="…"` puts another text in place, None leaves one out."""
    files = []
    for path in sorted((SAMPLES / "sample").glob("*.csv")):
        text = replaced.get(path.stem, path.read_text())
        if text is not None:
            files.append((path.name, text.encode()))
    return files


def everything() -> dict[str, list[dict[str, object]]]:
    """Every row that an import could touch, to tell that nothing changed."""
    from phpsupport.importing.actions import ORDER

    return {
        model._meta.label: sorted(model._default_manager.values(), key=lambda r: str(r["id"]))
        for model in ORDER
    }
