"""Dates as documents write them, put into months, years or decades, whichever are few enough to show."""

import re
from collections.abc import Iterable, Mapping

COLUMNS = ("date", "meta_date", "year", "meta_year", "published")
MOST_MONTHS, MOST_YEARS = 24, 60
UNDATED = "undated"
_ISO = re.compile(r"\s*(1[5-9]\d\d|20\d\d)(?:[-/](0?[1-9]|1[0-2]))?(?!\d)")
# in 20240501 too: then a month and a day follow, as in no date that begins with the day
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?(?!\d)")


def date_column(names: Iterable[str]) -> str:
    """The column that carries the documents' dates, "" where there is none."""
    found = set(names)
    return next((name for name in COLUMNS if name in found), "")


def month(value: str) -> str:
    """``2025-03`` of a date that begins with year and month, else ""."""
    found = _ISO.match(value)
    return f"{found[1]}-{int(found[2]):02}" if found and found[2] else ""


def year(value: str) -> str:
    """The year of a date however it is written, else ""."""
    found = _ISO.match(value) or _YEAR.search(value)
    return found[1] if found else ""


class Periods:
    """The periods of given dates: months if all have one and they are few, else years, else decades."""

    def __init__(self, dates: Mapping[str, int]) -> None:
        dated = [date for date in dates if year(date)]
        months, years = {month(date) for date in dated}, {year(date) for date in dated}
        self.unit = "year" if len(years) <= MOST_YEARS else "decade"
        if "" not in months and len(months) <= MOST_MONTHS:
            self.unit = "month"
        names = {self.name(date) for date in dates}
        self.names = sorted(names - {UNDATED}) + sorted(names & {UNDATED}) if dated else []

    def name(self, date: str) -> str:
        """The period that a date falls in."""
        if not (found := year(date)):
            return UNDATED
        return {"month": month(date), "year": found, "decade": f"{found[:3]}0s"}[self.unit]
