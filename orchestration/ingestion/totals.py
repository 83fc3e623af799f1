"""Total rows of UI exports: `Total : campagnes`, `Grand total`, `Gesamt`. They are told of, but they are no records.
Neither is the owner's line below a report (`©2025 ...`), which is treated as they are.

Belongs here: what a total row is. Does not belong here: counting and telling them (`landing`, `quarantine`).

A total row is no record of the file: it is in none of `rows_in_file`, loaded, quarantined and duplicate. Its place is
`dialect.total_rows` (how many) and `dialect.totals` (what they say) of the file's ledger row.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestration.ingestion.conversion import cleaned, quote
from orchestration.ingestion.readers import Reading

_TOTAL = (
    "(grand |sub|sub-|sous-|sous )?(total|totals|totale|totaux|gesamt|gesamtsumme|summe)( general)?"
    "( ?[:(\u2013\u2014].*| - .*)?|©.*"
)
# What may stand around a text; a line below a blank one begins with the end of that.
AROUND = ' "\r\n'
# An amount, perhaps with a currency or a percent sign; no date and no time.
_NUMBER = r"[^0-9/:]{0,5}[0-9][^a-zA-Z/:-]*[^0-9/:-]{0,5}"
_FIRST_LOOK = r"^[\s\"]*(?i:tot|grand|ges|sum|sous|sub|©)"
# A cheap look at the beginning of a text, for the fast way.
_BEGINNINGS = ("Total", "TOTAL", "total", "Totaux", "Grand", "GRAND", "Gesamt", "Summe", "Sous", "Sub", "©")


def looks_like_total(text: str) -> str:
    """Whether a text is what UI exports call a total."""
    return f"regexp_full_match(lower(strip_accents(trim({text}, {quote(AROUND)}))), {quote(_TOTAL)})"


def may_be_total(values: Iterable[str]) -> str:
    """A cheap condition that holds for every text that looks like a total, and for few others."""
    return " or ".join(f"{value} ^@ {quote(beginning)}" for value in values for beginning in _BEGINNINGS)


def is_total(reading: Reading, incomplete: str) -> str:
    """Whether a record is a total: it begins with the word, and is no record of the contract or holds numbers alone.

    A campaign that is called Total has its date, so it is loaded.

    Args:
        reading: the file.
        incomplete: condition for records that lack what the contract requires.
    """
    first = f"coalesce({', '.join(reading.values)})"
    numbers = " and ".join(
        f"({value} is null or {value} = {first} or {cleaned(value, 'VARCHAR', trim=True)} is null"
        f" or regexp_full_match({value}, {quote(_NUMBER)}))"
        for value in reading.values
    )
    # The first look costs far less than the second, and nearly every record fails it.
    return (
        f"case when regexp_matches({first}, {quote(_FIRST_LOOK)}) then"
        f" case when {looks_like_total(first)} then ({incomplete}) or ({numbers}) else false end else false end"
    )
