"""On which line of a delimited text a record stands.

Belongs here: the way from a record's position to its line, past rejected records, blank lines and quoted line feeds.
Does not belong here: what is wrong with the record (`quarantine`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.ingestion.conversion import quote
from orchestration.ingestion.readers import REJECTS, Reading

# Bytes of a text that are looked at together.
_CHUNK = 16 << 20


def line_queries(
    connection: duckdb.DuckDBPyConnection, reading: Reading, problems: str, records: int
) -> tuple[str, str]:
    """Queries of the problem records and of the rejected records, both with their true `line`.

    DuckDB does not say on which line a record stood, and counts rejected ones as if no value held a line feed.
    """
    assert reading.dialect is not None
    header = reading.dialect.header_lines
    if _count_lines(reading.path) == header + records:
        # Every record has a line of its own, so nothing was rejected either.
        return f"select *, _ordinal + {header} as line from {problems}", f"select * from {REJECTS}"
    source = f"(select row_number() over () as _ordinal, * from {reading.profiled_relation})"
    feeds = " + ".join(f"coalesce(length({c}) - length(replace({c}, chr(10), '')), 0)" for c in reading.values)
    holds_feed = " or ".join(f"contains({c}, chr(10))" for c in reading.values)
    feeds_in_values = connection.execute(f"select 1 from {source} where {holds_feed} limit 1").fetchall()
    # With quoted line feeds about, a blank line may as well be part of a value: then blank lines are not counted.
    without_record = f"select distinct line from {REJECTS}"
    if not feeds_in_values:
        without_record += f" union {_blank_lines(reading, header)}"

    def shifted(records: str) -> str:
        shifts = (
            "select line - row_number() over (order by line) + 1 as reached,"
            f" row_number() over (order by line) as shift from ({without_record})"
        )
        return (
            f"select records.* replace (records.line + coalesce(shift, 0) as line) from ({records}) as records"
            f" asof left join ({shifts}) as shifts on records.line >= reached"
        )

    of_problems = shifted(f"select *, _ordinal + {header} as line from {problems}")
    of_rejects = f"select * from {REJECTS} qualify row_number() over (partition by line order by column_idx) = 1"
    if not feeds_in_values:
        return of_problems, of_rejects
    with_feeds = shifted(f"select _ordinal + {header} as line, {feeds} as feeds from {source} where {holds_feed}")
    fed = f"select line, sum(feeds) over (order by line) as lines_before from ({with_feeds})"

    def moved(records: str) -> str:
        return (
            f"select records.* replace (records.line + coalesce(lines_before, 0) as line) from ({records}) as records"
            f" asof left join ({fed}) as fed on records.line > fed.line"
        )

    return moved(of_problems), moved(of_rejects)


def _count_lines(path: Path) -> int | None:
    """How many lines a text has; None where some of them end otherwise than with LF or CR LF."""
    lines, last = 0, b"\n"
    with path.open("rb") as stream:
        while part := stream.read(_CHUNK):
            lines += part.count(b"\n")
            last = part[-1:]
            if part.count(b"\r") != part.count(b"\r\n"):
                return None
    return lines + (last != b"\n")


def _blank_lines(reading: Reading, header: int) -> str:
    lines = (
        f"read_csv({quote(str(reading.path))}, columns = {{text: 'VARCHAR'}}, auto_detect = false, header = false,"
        " delim = chr(1), quote = '', escape = '', nullstr = '', compression = 'none', ignore_errors = true)"
    )
    return (
        f"select line from (select row_number() over () as line, text from {lines})"
        f" where text is null and line > {header}"
    )
