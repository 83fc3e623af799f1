"""Any table written in any combination of dialects comes back equal, or is refused with its reason."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from ingestion_house import House

COLUMNS = ("date", "campaign_id", "campaign_name", "impressions", "spend", "ctr", "is_on", "seen_at")
LATER = datetime(2024, 5, 1)


@dataclass(frozen=True)
class Style:
    """How a table is written."""

    container: str
    compression: str
    encoding: str
    delimiter: str
    newline: str
    quotes_all: bool
    order: tuple[int, ...]
    preamble: tuple[str, ...]
    total: bool
    groups: str
    mark: str
    negative: str
    sign: str
    percent: bool
    null: str
    dates: str
    truth: tuple[str, str]

    @property
    def is_text(self) -> bool:
        """Every value is a text in this style, rather than a value of the format's own."""
        return self.container in ("csv", "text workbook")


NUMBERS = st.sampled_from(
    [("", "."), (",", "."), ("'", "."), ("", ","), (" ", ","), ("\u00a0", ","), ("\u202f", ","), (".", ",")]
)
STYLES = st.builds(
    lambda numbers, order, **kwargs: Style(groups=numbers[0], mark=numbers[1], order=tuple(order), **kwargs),
    numbers=NUMBERS,
    order=st.permutations(range(len(COLUMNS))),
    # Delimited text has by far the most dialects.
    container=st.sampled_from(["csv"] * 5 + ["workbook", "text workbook", "lines", "array", "nested", "parquet"]),
    compression=st.sampled_from(["", "", "gzip", "zip", "zstd"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    quotes_all=st.booleans(),
    preamble=st.sampled_from([(), ("Campaign report",), ("Report; all", "2024-01-01 - 2024-01-31", ""), ("sep=;",)]),
    total=st.booleans(),
    negative=st.sampled_from(["-{}", "\u2212{}", "({})"]),
    sign=st.sampled_from(["{}", "{} \u20ac", "${}", "{} EGP"]),
    percent=st.booleans(),
    null=st.sampled_from(["", "-", "--", "N/A", "NULL"]),
    dates=st.sampled_from(
        ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y.%m.%d", "%d %b %Y", "%B %d, %Y", "epoch"]
    ),
    truth=st.sampled_from([("true", "false"), ("1", "0"), ("oui", "non"), ("TRUE", "FALSE")]),
)
NAMES = st.text("ab\u00e9 ,;|\t\"'\n", min_size=0, max_size=6).map(lambda text: f"x{text}y")
ROWS = st.lists(
    st.tuples(
        st.dates(date(2001, 9, 10), date(2024, 4, 30)),
        NAMES,
        st.none() | NAMES,
        st.none() | st.integers(-3_000_000, 3_000_000),
        st.none() | st.decimals(-3_000_000, 3_000_000, places=2),
        st.none() | st.integers(0, 99_999).map(lambda n: n / 10_000),
        st.none() | st.booleans(),
        st.none() | st.datetimes(datetime(2001, 9, 10), LATER).map(lambda moment: moment.replace(microsecond=0)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[1],
)


def number(value: int | float | Decimal, style: Style, places: int, around: str = "{}") -> str:
    text = f"{abs(value):,.{places}f}".replace(",", "\0").replace(".", style.mark).replace("\0", style.groups)
    text = around.format(text)
    return style.negative.format(text) if value < 0 else text


def moment(value: datetime, style: Style, *, clock: bool) -> str:
    if style.dates == "epoch":
        return str(int((value - datetime(1970, 1, 1)).total_seconds()) * 1000)
    return value.strftime(style.dates + (" %H:%M:%S" if clock else ""))


def texts(row: tuple[Any, ...], style: Style) -> list[str]:
    day, identifier, name, impressions, spend, ctr, is_on, seen_at = row
    percent = style.percent and ctr is not None
    return [
        moment(datetime(day.year, day.month, day.day), style, clock=False),
        identifier,
        style.null if name is None else name,
        style.null if impressions is None else number(impressions, style, 0),
        style.null if spend is None else number(spend, style, 2, style.sign),
        style.null if ctr is None else number(Decimal(str(ctr)) * 100 if percent else ctr, style, 4) + " %" * percent,
        style.null if is_on is None else style.truth[not is_on],
        style.null if seen_at is None else moment(seen_at, style, clock=True),
    ]


def written(rows: list[tuple[Any, ...]], style: Style) -> bytes:
    content = container(rows, style)
    if style.compression == "gzip":
        return gzip.compress(content)
    if style.compression == "zstd":
        return bytes(pa.Codec("zstd").compress(content).to_pybytes())
    if style.compression == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("export", content)
        return archive.getvalue()
    return content


def container(rows: list[tuple[Any, ...]], style: Style) -> bytes:
    header = [COLUMNS[i] for i in style.order]
    if style.is_text:
        table = [[texts(row, style)[i] for i in style.order] for row in rows]
    else:
        table = [[row[i] for i in style.order] for row in rows]
    total = [["Total", *([""] * (len(COLUMNS) - 1))]] if style.total else []
    if style.container == "csv":
        text = io.StringIO(newline="")
        text.write("".join(line + style.newline for line in style.preamble))
        quoting = csv.QUOTE_ALL if style.quotes_all else csv.QUOTE_MINIMAL
        writer = csv.writer(text, delimiter=style.delimiter, lineterminator=style.newline, quoting=quoting)
        writer.writerows([header, *table, *total])
        return text.getvalue().encode(style.encoding)
    if style.container.endswith("workbook"):
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for cells in [*([line] for line in style.preamble), header, *table, *total]:
            sheet.append([None if cell == "" else cell for cell in cells])
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()
    objects = [dict(zip(header, cells, strict=True)) for cells in table]
    if style.container == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(objects), sink)
        return sink.getvalue()
    if style.container == "nested":
        objects = [
            {"segments": {"date": o.pop("date")}, "metrics": {"impressions": o.pop("impressions")}, **o}
            for o in objects
        ]
    if style.container == "array":
        return json.dumps(objects, default=str, indent=1).encode()
    return "\n".join(json.dumps(record, default=str) for record in objects).encode()


def may_be_refused(rows: list[tuple[Any, ...]], style: Style) -> set[str]:
    """Columns that can be read in two ways, for all that the values say."""
    columns = set()
    if style.dates in ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"):
        for column, place in (("date", 0), ("seen_at", 7)):
            if all(row[place] is None or row[place].day <= 12 for row in rows):
                columns.add(column)
    if style.groups == "." and all(row[4] is None and row[5] is None for row in rows):
        columns.add("impressions")
    if style.percent:
        columns.add("ctr")
    return columns if style.is_text else set()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ROWS, STYLES)
def test_any_table_in_any_dialect_comes_back_equal_or_is_refused(rows: list[tuple[Any, ...]], style: Style) -> None:
    if style.encoding == "cp1252" and style.container == "csv":
        style = Style(**{**style.__dict__, "groups": style.groups.replace("\u202f", "\u00a0"), "negative": "-{}"})
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        result = house.load_one("ui/report.dat", written(rows, style))
        if result.status == "rejected":
            event("refused")
            assert any(f"column {column}" in str(result.error) for column in may_be_refused(rows, style)), result.error
            return
        event(style.container)
        assert (result.status, result.rows_in_file, house.quarantine()) == ("loaded", len(rows), [])
        assert result.rows_loaded == len(rows)
        found = house.rows(f"select {', '.join(COLUMNS)} from raw.ui__report")
        assert sorted(found, key=lambda row: row[1]) == sorted(rows, key=lambda row: row[1])
        if style.total and (style.container == "csv" or style.container.endswith("workbook")):
            assert result.dialect["total_rows"] == 1
