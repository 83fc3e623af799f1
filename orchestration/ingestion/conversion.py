"""SQL expressions that turn a landed value into the contract's type.

Belongs here: what counts as null, as a number, as a time, and as a number that Excel spoilt. Does not belong here:
units, currencies and zones of business meaning (staging converts those), or which notation a column is written in
(`notation`). Every expression is NULL where the value cannot be read, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.ingestion.contracts import Column
from orchestration.ingestion.currencies import CODES

NULL_SPELLINGS = ("", "-", "--", "N/A", "NULL")
# What else stands for nothing in a column of numbers, dates or truth values; compared without case.
_MORE_NULLS = ("\u2013", "\u2014", "#n/a", "na", "n/a", "nan", "nil", "none", "null")

ALL_NULLS = sorted({*_MORE_NULLS, *(spelling.lower() for spelling in NULL_SPELLINGS)})

# No-break, figure, thin and narrow no-break space, and the mark at the start of a text.
_SPACES = "\u00a0\u2007\u2009\u202f"
TRIMMED = f" \t\r\n{_SPACES}\ufeff"
# Minus signs, apostrophes and spaces as they stand in print, and what they mean.
PRINTED = "\u2212\u2013\u2019" + _SPACES
TYPED = "--'" + " " * len(_SPACES)

_SIGN = "[\u20ac$\u00a3\u00a5\u20b9\u20bd\u20aa\u20a9\u20ab\u20ba\u20b4\u20a6\u0e3f]"
# Any three capitals pass here, and are looked up afterwards: a list of all codes makes the expression slow to set up.
_CURRENCY = f"(?:US|CA|AU|NZ|HK|MX|[ACERS])?{_SIGN}|[A-Z]{{3}}|z\u0142|K\u010d|kr|Ft|lei|DH|FCFA"
AMOUNT = (
    rf"^(\()?\s*([+-])?\s*({_CURRENCY})?\s*([+-])?\s*"
    rf"(\d[\d .,']*(?:[eE][+-]?\d{{1,3}})?|[.,]\d+)\s*(%)?\s*({_CURRENCY})?\s*(\))?$"
)
_PARTS = "['open', 's1', 'cur1', 's2', 'n', 'pct', 'cur2', 'close']"

_MONTHS = (
    ("jan", "janv", "january", "janvier"),
    ("feb", "fev", "fevr", "february", "fevrier"),
    ("mar", "mars", "march"),
    ("apr", "avr", "april", "avril"),
    ("may", "mai"),
    ("jun", "juin", "june"),
    ("jul", "juil", "july", "juillet"),
    ("aug", "aou", "aout", "august"),
    ("sep", "sept", "september", "septembre"),
    ("oct", "october", "octobre"),
    ("nov", "november", "novembre"),
    ("dec", "december", "decembre"),
)
_MONTH = "|".join(sorted({name for names in _MONTHS for name in names}, key=lambda name: (-len(name), name)))
_CLOCK = r"(?:,?[ t](?:a |at )?(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
# 5 janv. 2024 and 5-Jan-2024 10:00; Jan 5, 2024. A weekday may stand before either.
_DAY_MONTH_YEAR = rf"^(?:[a-z]{{3,9}}\.?,? )?(\d{{1,2}})(?:er|st|nd|rd|th)?[ -]({_MONTH})\.?,?[ -](\d{{4}}){_CLOCK}$"
_MONTH_DAY_YEAR = rf"^(?:[a-z]{{3,9}}\.?,? )?({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}}){_CLOCK}$"

_TIMES_OF_DAY = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", ", %H:%M:%S", ", %H:%M", " %H:%M:%S.%f")
_WITHOUT_SECONDS = r"^(\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{2}) ?(Z|[+-]\d{2}(?::?\d{2})?)$"
_YEAR_FIRST = tuple(f"%Y.%m.%d{time}" for time in _TIMES_OF_DAY)

# 1-5 becomes 05-Jan, 01-mai, janv-05 or 5-janv.; a long id becomes 1,23457E+17.
_SPOILT_ID = rf"(\d{{1,2}}-({_MONTH})\.?|({_MONTH})\.?-\d{{2}}|\d([.,]\d+)?e\+\d{{2}})"
_SPOILT_NUMBER = (
    rf"\d{{1,2}}[-/. ]({_MONTH})\.?([-/. ]\d{{2,4}})?|({_MONTH})\.?[-/. ]\d{{2,4}}"
    r"|\d{4}-\d{1,2}-\d{1,2}( .*)?|\d{1,2}[/-]\d{1,2}[/-]\d{4}( .*)?"
)
# How a number is read: with one replacement, without the marks of its groups, or part by part.
SIMPLE, GROUPED, FULL = "simple", "grouped", "full"
# How a date cell of a workbook is noted where a number or an id belongs.
EXCEL_DATE = " (Excel date)"
SPOILT = "a number that Excel turned into a date or shortened: format the column as text, and export it again"

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


@dataclass(frozen=True)
class Notation:
    """How the values of one column are written.

    Attributes:
        decimal: its decimal mark, a point or a comma.
        day_first: 31/12/2024 is a date in it.
        month_first: 12/31/2024 is a date in it.
        way: what reading its numbers takes: `simple`, `grouped` or `full`.
        groups: marks between its thousands, where it is `grouped`.
        formats: formats of its dates; None for all that are known.
        trims: some values have spaces around them, or are nulls that the reader does not know.
        offset: some times have an offset, but no seconds.
        digits: some dates are digits alone.
        words: some dates hold the name of a month.
        iso: some dates are as machines write them.
    """

    decimal: str = "."
    day_first: bool = False
    month_first: bool = False
    way: str = FULL
    groups: str = ""
    formats: tuple[str, ...] | None = None
    trims: bool = True
    offset: bool = True
    digits: bool = True
    words: bool = True
    iso: bool = True


PLAIN = Notation()


def quote(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def expected(data_type: str, notation: Notation = PLAIN) -> str:
    """Why a value was not read as that type."""
    number = data_type == "double" or data_type.startswith("decimal")
    if number and notation.decimal == ",":
        return "not a number with a comma as its decimal mark"
    return _EXPECTED["double" if number else data_type]


def cleaned(value: str, source_type: str, *, trim: bool = False) -> str:
    """The value with the null spellings of exports (and NaN, pandas' null) made NULL."""
    if source_type == "VARCHAR":
        if trim:
            trimmed = f"trim({value}, {quote(TRIMMED)})"
            is_null = f"strlen({trimmed}) <= 4 and {_is_one_of(f'lower({trimmed})', ALL_NULLS)}"
            return f"case when {is_null} then null else {trimmed} end"
        return f"case when {' or '.join(f'{value} = {quote(n)}' for n in NULL_SPELLINGS)} then null else {value} end"
    if source_type in _FLOATS:
        return f"case when isnan({value}) then null else {value} end"
    return value


def convert(value: str, source_type: str, column: Column, notation: Notation | None = None) -> str:
    """The value in the column's type; NULL where it cannot be read. `value` is cleaned already.

    Without a notation a text is read as machines write it; that is fast, and what it does not read may be read with
    one.
    """
    target = column.data_type
    if source_type == "VARCHAR":
        plain = _from_text(value, target)
        return plain if notation is None else _from_notation(value, column, notation, plain)
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
        if source_type in (*_INTEGERS, *_FLOATS) or source_type.startswith("DECIMAL"):
            return f"case {value} when 1 then true when 0 then false end"
        return value if source_type == "BOOLEAN" else "null::boolean"
    if source_type == "TIMESTAMP WITH TIME ZONE":
        value, source_type = _utc(value), "TIMESTAMP"
    if source_type == "DATE" or source_type in _TIMES:
        return _plausible(f"try_cast({value} as {target})")
    if source_type in _INTEGERS:
        return _plausible(f"({_from_digits(f'{value}::varchar')})::{target}")
    return f"null::{target}"


def is_id(column: Column) -> bool:
    """Whether a text column holds ids, going by its name."""
    return column.data_type == "varchar" and (column.name == "id" or column.name.endswith("_id"))


def spoilt_id(value: str) -> str:
    """Whether a text that should be an id is what Excel makes of one. Most values are told by their length."""
    shape = f"regexp_full_match(lower(strip_accents({value})), {quote(_SPOILT_ID)})"
    return (
        f"case when strlen({value}) between 5 and 9 and contains({value}, '-') or strlen({value}) <= 24 and"
        f" contains({value}, 'E+') then {shape} else coalesce(ends_with({value}, {quote(EXCEL_DATE)}), false) end"
    )


def spoilt_number(value: str) -> str:
    """Whether a text that is no number is a date, as Excel makes of 1-5."""
    return (
        f"coalesce(regexp_full_match(lower(strip_accents({value})), {quote(_SPOILT_NUMBER)})"
        f" or ends_with({value}, {quote(EXCEL_DATE)}), false)"
    )


def amount_parts(value: str) -> str:
    """The parts of a number as people write it; all empty where it is none."""
    printed = f"translate({value}, {quote(PRINTED)}, {quote(TYPED)})"
    return f"regexp_extract({printed}, {quote(AMOUNT)}, {_PARTS})"


def open_thousands(value: str) -> str:
    """Whether a readable number looks like 1.234, which may be 1234."""
    return f"strlen({value}) between 5 and 8 and {value}[-4] = '.' and not {value} ^@ '0.'"


def _is_one_of(value: str, texts: Iterable[str]) -> str:
    """Membership without `in`, which DuckDB turns into a join for each list, at thrice the price of the whole query."""
    return f"list_contains([{', '.join(quote(text) for text in texts)}], {value})"


def _from_text(value: str, target: str) -> str:
    if target == "varchar":
        return value
    if target == "json":
        return f"case when json_valid({value}) then {value}::json end"
    if target == "bigint":
        # A bare cast rounds 1.5 to 2 and reads 0x1F and 1_000. 12.000 may be twelve thousand.
        digits = f"regexp_full_match({value}, '\\s*[+-]?\\d+(\\.(0{{0,2}}|0{{4,}}))?\\s*')"
        return f"case when {digits} then try_cast({value} as bigint) end"
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
        f" when length({value}) = 16 and {value}[5] <> '-' then {_from_micros(f'try_cast({value} as bigint)')}"
        f" else {_utc(f'try_cast({value} as timestamptz)')} end"
    )


def _from_notation(value: str, column: Column, notation: Notation, plain: str) -> str:
    """The value as people and their programs write it; what a machine wrote is tried first where it is certain."""
    target = column.data_type
    if target in ("varchar", "json"):
        return plain
    if target == "boolean":
        return (
            f"coalesce({plain}, case lower({value}) when 'oui' then true when 'vrai' then true when 'ja' then true"
            " when 'wahr' then true when 'non' then false when 'faux' then false when 'nein' then false"
            " when 'falsch' then false end)"
        )
    if target in ("date", "timestamp"):
        return _from_date(value, target, notation, plain)
    if notation.way == FULL:
        return _from_amount(value, column, notation.decimal, plain)
    number = value
    if notation.way == GROUPED:
        for mark in notation.groups:
            number = f"replace({number}, {quote(mark)}, '')"
    if notation.decimal == ",":
        number = f"replace({number}, ',', '.')"
    if target.startswith("decimal"):
        return f"case when not contains({value}, '_') then try_cast({number} as {target}) end"
    return _from_text(number, target)


def _from_date(value: str, target: str, notation: Notation, plain: str) -> str:
    formats = notation.formats
    if formats is None:
        orders = {"%d{0}%m{0}%Y": notation.day_first, "%m{0}%d{0}%Y": notation.month_first}
        dated = [order.format(mark) for order, holds in orders.items() if holds for mark in ("/", "-")]
        dated.append("%d.%m.%Y")
        formats = (*_YEAR_FIRST, *(day + time for time in _TIMES_OF_DAY for day in dated))
    if formats and not (notation.digits or notation.words or notation.offset or notation.iso):
        # Two calls cost less than a list for one.
        time = f"try_strptime({value}, [{', '.join(map(quote, formats))}])"
        years = "between timestamp '1000-01-01' and timestamp '9999-12-31 23:59:59.999999'"
        return f"case when {value}[1] between '0' and '9' and {time} {years} then {time}::{target} end"
    ways = []
    if notation.digits:
        ways.append(_from_digits(value))
    if formats:
        listed = ", ".join(quote(text) for text in formats)
        # `infinity` and the like are no date, whatever the format.
        ways.append(f"case when {value}[1] between '0' and '9' then try_strptime({value}, [{listed}]) end")
    if notation.words:
        ways.append(_from_words(value))
    tries = [_plausible_once(f"coalesce({', '.join(ways)})", target)] if ways else []
    if notation.offset:
        # 2024-01-05 10:00+02:00 has no seconds, which a cast insists on before an offset.
        seconds = f"regexp_replace({value}, {quote(_WITHOUT_SECONDS)}, '\\1:00\\2')"
        tries.append(f"case when contains({value}, ':') then {_from_text(seconds, target)} end")
    # What machines write begins with the year, and no other format does so with the same marks.
    iso = [f"case when {value}[5] in ('-', '/') then {plain} end"] if notation.iso else []
    return f"coalesce({', '.join([*iso, *tries, f'null::{target}'])})"


def _from_amount(value: str, column: Column, decimal: str, plain: str) -> str:
    target, whole = column.data_type, column.data_type == "bigint"
    grouping = "." if decimal == "," else ","
    exponent = "" if whole else "([eE][+-]?\\d+)?"
    groups = "|".join(f"[1-9]\\d{{0,2}}({mark}\\d{{3}})+" for mark in (f"[{grouping}]", " ", "'"))
    valid = f"(({groups}|\\d+)([{decimal}]\\d*)?|[{decimal}]\\d+){exponent}"
    digits = f"replace(translate(trim(p.n), {quote(grouping + ' ' + chr(39))}, ''), ',', '.')"
    sign = "case when (p.open = '(') <> (p.s1 = '-' or p.s2 = '-') then '-' else '' end"
    # In a column that is not declared as percent, 12 % is 0.12.
    percent = "''" if column.unit == "percent" else "case when p.pct = '%' then 'e-2' else '' end"
    text = f"concat({sign}, {digits}, {percent})"
    if whole:
        number = f"try_cast({text} as decimal(38, 6))"
        converted = f"case when {number} = trunc({number}) then try_cast({number} as bigint) end"
    else:
        converted = f"try_cast({text} as {target})"
    currency = "concat(p.cur1, p.cur2)"
    known = _is_one_of(currency, sorted(CODES))
    sound = (
        "(p.open = '(') = (p.close = ')') and (p.s1 = '' or p.s2 = '') and (p.cur1 = '' or p.cur2 = '')"
        f" and (not regexp_full_match({currency}, '[A-Z]{{3}}') or {known})"
        f" and regexp_full_match(trim(p.n), {quote(valid)})"
    )
    if whole and column.unit != "percent":
        sound += " and p.pct = ''"
    written = f"list_transform([{amount_parts(value)}], lambda p: case when {sound} then {converted} end)[1]"
    if decimal == ".":
        return f"coalesce({plain}, {written})"
    # 1.234 is no decimal here, so what a machine would write is read only where it holds no point.
    if whole:
        certain = f"case when try_cast({value} as bigint)::varchar = {value} then try_cast({value} as bigint) end"
    else:
        comma = _from_text(f"replace({value}, ',', '.')", target)
        certain = f"case when not contains({value}, '.') then {comma} end"
    return f"coalesce({certain}, {written})"


def _from_digits(value: str) -> str:
    """20240105; or seconds, milli-, micro- or nanoseconds since 1970, told by the number of digits (1973 to 2286)."""

    def digits(shape: str) -> str:
        return f"when regexp_full_match({value}, {quote(shape)}) then"

    whole = f"try_cast({value} as bigint)"
    return (
        f"case {digits('(19|20)[0-9]{6}')} try_strptime({value}, '%Y%m%d')"
        f" {digits('[1-9][0-9]{8,9}([.][0-9]+)?')}"
        f" make_timestamp((try_cast({value} as decimal(24, 6)) * 1000000)::bigint)"
        f" {digits('[1-9][0-9]{11,12}')} make_timestamp({whole} * 1000)"
        f" {digits('[1-9][0-9]{14,15}')} make_timestamp({whole})"
        f" {digits('[1-9][0-9]{17,18}')} make_timestamp({whole} // 1000) end"
    )


def _from_words(value: str) -> str:
    """A date with the month's English or French name."""
    words = f"lower(strip_accents({value}))"
    numbers = " ".join(f"when '{name}' then '{n:02}'" for n, names in enumerate(_MONTHS, start=1) for name in names)

    def written(shape: str, parts: str) -> str:
        date = (
            f"concat(p.y, '-', case p.m {numbers} end, '-', lpad(p.d, 2, '0'), ' ', coalesce(nullif(p.t, ''), '00:00'))"
        )
        found = f"regexp_extract({words}, {quote(shape)}, {parts})"
        return f"list_transform([{found}], lambda p: case when p.m <> '' then try_cast({date} as timestamp) end)[1]"

    day_first = written(_DAY_MONTH_YEAR, "['d', 'm', 'y', 't']")
    month_first = written(_MONTH_DAY_YEAR, "['m', 'd', 'y', 't']")
    return f"case when regexp_matches({words}, '[a-z]{{3}}') then coalesce({day_first}, {month_first}) end"


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


def _from_micros(number: str) -> str:
    """Microseconds since 1970, told by their sixteen digits (2001 to 2286)."""
    return f"case when {number} between {10**15} and {10**16 - 1} then make_timestamp({number}) end"


def _plausible(time: str) -> str:
    """Years of four digits only: 24-05-06 would be read as the year 24."""
    return f"case when year({time}) between 1000 and 9999 and isfinite({time}) then {time} end"


def _plausible_once(time: str, target: str) -> str:
    """The same for an expression that is too long to be repeated."""
    return f"list_transform([{time}], lambda t: case when year(t) between 1000 and 9999 then t::{target} end)[1]"
