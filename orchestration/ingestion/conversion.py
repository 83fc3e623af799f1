"""SQL expressions that turn a landed value into the contract's type.

Belongs here: what counts as null, as a number, as a time. Does not belong here: units, currencies and zones
of business meaning; staging converts those. Every expression is NULL where the value cannot be read, never a
guess.
"""

from __future__ import annotations

from orchestration.ingestion.contracts import Column

NULL_SPELLINGS = ("", "--", "N/A", "NULL")

_NULLS = ", ".join(f"'{spelling}'" for spelling in NULL_SPELLINGS)

_EXPECTED = {
    "bigint": "not a whole number",
    "double": "not a number with a point as its decimal mark",
    "boolean": "not true or false",
    "date": "not a date as YYYY-MM-DD",
    "timestamp": "not a timestamp as YYYY-MM-DD HH:MM:SS, with or without an offset",
    "varchar": "not readable as text",
    "json": "not JSON",
}

_FLOATS = ("FLOAT", "DOUBLE")
_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_INTEGERS = (*_SIGNED, *(f"U{name}" for name in _SIGNED))
_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


def quote(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def expected(data_type: str) -> str:
    """Why a value was not read as that type."""
    return _EXPECTED["double" if data_type.startswith("decimal") else data_type]


def cleaned(value: str, source_type: str, *, trim: bool = False) -> str:
    """The value with the null spellings of exports (and NaN, pandas' null) made NULL."""
    if source_type == "VARCHAR":
        compared = f"trim({value})" if trim else value
        return f"case when {compared} in ({_NULLS}) then null else {compared} end"
    if source_type in _FLOATS:
        return f"case when isnan({value}) then null else {value} end"
    return value


def convert(value: str, source_type: str, column: Column) -> str:
    """The value in the column's type; NULL where it cannot be read. `value` is cleaned already."""
    target = column.data_type
    if source_type == "VARCHAR":
        return _from_text(value, target)
    if target == "varchar":
        return (
            f"lower(hex({value}))" if source_type == "BLOB" and column.unit == "bytes" else _to_text(value, source_type)
        )
    if target == "json":
        return f"to_json({value})"
    if target == "bigint":
        if source_type in _FLOATS or source_type.startswith("DECIMAL"):
            return f"case when {value} = trunc({value}) then try_cast({value} as bigint) end"
        return f"try_cast({value} as bigint)" if source_type in (*_INTEGERS, "BOOLEAN") else "null::bigint"
    if target == "double" or target.startswith("decimal"):
        number = source_type in (*_INTEGERS, *_FLOATS) or source_type.startswith("DECIMAL")
        finite = f"case when isfinite({value}::double) then try_cast({value} as {target}) end"
        return finite if number else f"null::{target}"
    if target == "boolean":
        if source_type in _INTEGERS:
            return f"case {value} when 1 then true when 0 then false end"
        return value if source_type == "BOOLEAN" else "null::boolean"
    if source_type == "TIMESTAMP WITH TIME ZONE":
        value, source_type = _utc(value), "TIMESTAMP"
    if source_type == "DATE" or source_type in _TIMES:
        return _plausible(f"try_cast({value} as {target})")
    if target == "timestamp" and source_type in _INTEGERS:
        return _from_epoch(f"{value}::bigint")
    return f"null::{target}"


def _from_text(value: str, target: str) -> str:
    if target == "varchar":
        return value
    if target == "bigint":
        # A bare cast rounds 1.5 to 2 and reads 0x1F and 1_000. A number that is written back as it stood is
        # plain digits; whatever is not takes the strict (and slower) way.
        number = f"try_cast({value} as bigint)"
        digits = f"regexp_full_match({value}, '\\s*[+-]?\\d+(\\.0*)?\\s*')"
        return f"case when {number}::varchar = {value} then {number} when {digits} then {number} end"
    if target == "double" or target.startswith("decimal"):
        number = f"try_cast({value} as {target})"
        if target == "double":
            return f"case when not contains({value}, '_') and isfinite({number}) then {number} end"
        return f"case when not contains({value}, '_') then {number} end"
    if target == "boolean":
        return f"try_cast({value} as boolean)"
    if target == "json":
        return f"try_cast({value} as json)"
    if target == "date":
        # A cast to date reads the first ten characters and forgives what follows: longer texts go over
        # timestamp.
        return _plausible(
            f"case when length({value}) <= 10 then try_cast({value} as date)"
            f" else try_cast(try_cast({value} as timestamp) as date) end"
        )
    # A cast to timestamp drops the offset in silence, so only texts that cannot have one take that (faster)
    # way.
    return _plausible(
        f"case when length({value}) = 19 and {value}[17] = ':' then try_cast({value} as timestamp)"
        f" when length({value}) = 16 and {value}[5] <> '-' then {_from_epoch(f'try_cast({value} as bigint)')}"
        f" else {_utc(f'try_cast({value} as timestamptz)')} end"
    )


def _to_text(value: str, source_type: str) -> str:
    if source_type in _FLOATS:
        # pandas writes whole-number ids with gaps as doubles: 123.0 is the id 123.
        whole = f"{value} = trunc({value}) and abs({value}) < 1e15"
        return f"case when {whole} then {value}::bigint::varchar else {value}::varchar end"
    if source_type == "TIMESTAMP WITH TIME ZONE":
        return f"{_utc(value)}::varchar"
    if source_type == "BLOB":
        return f"try(decode({value}))"
    if source_type.startswith(("STRUCT", "MAP")) or source_type.endswith("]"):
        return f"to_json({value})::varchar"
    return f"{value}::varchar"


def _utc(instant: str) -> str:
    """A timestamptz as timestamp in UTC, without the calendar arithmetic of a cast."""
    return f"case when isfinite({instant}) then make_timestamp(epoch_us({instant})) end"


def _from_epoch(number: str) -> str:
    """Microseconds since 1970, told by their sixteen digits (2001 to 2286)."""
    return f"case when {number} between {10**15} and {10**16 - 1} then make_timestamp({number}) end"


def _plausible(time: str) -> str:
    """Years of four digits only: 24-05-06 would be read as the year 24."""
    return f"case when year({time}) between 1000 and 9999 and isfinite({time}) then {time} end"
