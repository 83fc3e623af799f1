"""Damaged files of every format: none stops the others, and every one and every row of it is accounted for."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_house import House

HEADERS = ["date", "campaign_id", "campaign_name", "impressions", "spend", "ctr", "seen_at", "other"]
ROWS = [
    [
        f"2024-01-{day:02}",
        f"c{day}",
        "\u00e9t\u00e9" if day % 3 else "",
        day * 1000,
        f"{day}.25",
        "0.5",
        f"2024-01-{day:02} 10:00:00",
        "x",
    ]
    for day in range(1, 25)
]


def delimited(delimiter: str, *, french: bool = False) -> str:
    lines = ["Rapport", ""] if french else []
    lines.append(delimiter.join(HEADERS))
    for row in ROWS:
        cells = [str(cell) for cell in row]
        if french:
            day = cells[0].split("-")[2]
            cells[0], cells[6] = f"{day}/01/2024", f"{day}/01/2024 10:00"
            cells[3] = f"{row[3]:,}".replace(",", " ")
            cells[4], cells[5] = cells[4].replace(".", ","), "12,5 %"
        lines.append(delimiter.join(cells))
    if french:
        lines.append("Total : compte" + delimiter * (len(HEADERS) - 1))
    return "\n".join(lines) + "\n"


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEADERS, *ROWS]:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parquet() -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(zip(HEADERS, row, strict=True)) for row in ROWS]), content)
    return content.getvalue()


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("export.csv", content)
    return archive.getvalue()


OBJECTS = [dict(zip(HEADERS, row, strict=True)) for row in ROWS]
BASES: dict[str, bytes] = {
    "csv": delimited(",").encode(),
    "tsv": delimited("\t").encode(),
    "french": delimited(";", french=True).encode(),
    "cp1252": delimited("|").encode("cp1252"),
    "utf-16": delimited(",").encode("utf-16"),
    "gzip": gzip.compress(delimited(",").encode(), mtime=0),
    "zip": zipped(delimited(",").encode()),
    "lines": "\n".join(json.dumps(record) for record in OBJECTS).encode(),
    "array": json.dumps(OBJECTS).encode(),
    "nested": "\n".join(json.dumps({"a": {"b": 1}, "x": record, **record}) for record in OBJECTS).encode(),
    "workbook": workbook(),
    "parquet": parquet(),
}
TOKENS = [b'"', b'""', b"\n", b"\r\n", b"\r", b",", b";", b"\t", b"\0", b"\\", b"{", b"}", b"[", b"'", b"\xff", b"\xc3"]
TOKENS += [
    b"Total",
    b"--",
    b"1.234",
    b"1,5",
    b"31/12/2024",
    b"99999999999999999999",
    b"05-Jan",
    b"\xe2\x80\xaf",
    b"%",
    b"1e999",
]


def damaged(random: random.Random, content: bytes) -> bytes:
    """The content with one to four kinds of damage."""
    data = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        kind = random.randrange(6)
        if kind == 0:
            for _ in range(random.randint(1, 5)):
                if data:
                    data[random.randrange(len(data))] = random.randrange(256)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + random.randint(1, 200)]
        elif kind == 3:
            data[at:at] = random.choice(TOKENS)
        elif kind == 4:
            data[at:at] = data[at : at + random.randint(1, 300)]
        else:
            data[at:at] = random.randbytes(random.randint(1, 8))
    return bytes(data)


def other_header(random: random.Random, content: bytes) -> bytes:
    """The content under a header of random names, lengths and characters."""
    alphabet = "abcdate_ ()\u00e9\u00df\u0130%$\"'-.;,0123\u200b\u4e2d"
    names = ["".join(random.choices(alphabet, k=random.randint(0, 12))) for _ in range(random.randint(1, 10))]
    names += random.sample(HEADERS, random.randint(0, len(HEADERS)))
    random.shuffle(names)
    return ",".join(names).encode() + b"\n" + content.split(b"\n", 1)[-1]


def files(count: int, seed: int) -> dict[str, bytes]:
    source = random.Random(seed)
    made = {}
    for number in range(count):
        kind = source.choice(list(BASES))
        if source.random() < 0.15:
            made[f"ui/report/{number}_header"] = other_header(source, BASES[source.choice(["csv", "french"])])
        else:
            made[f"ui/report/{number}_{kind}"] = damaged(source, BASES[kind])
    return made


def records(name: str, content: bytes) -> int | None:
    """How many records a file has by a plain count of lines; None where quotes or line ends leave that open."""
    kind = name.rsplit("_", 1)[-1]
    if kind in ("csv", "tsv", "french", "cp1252") and not any(byte in content for byte in b'"\r\0\\'):
        lines = content.split(b"\n")
        header = next((i for i, line in enumerate(lines) if line.startswith(b"date")), None)
        if header is None or b"campaign_id" not in lines[header]:
            return None
        return sum(line != b"" for line in lines[header + 1 :])
    if kind == "lines" and b"\r" not in content and b"\0" not in content:
        return sum(line.strip() != b"" for line in content.split(b"\n"))
    return None


def check(folder: Path, count: int, seed: int) -> None:
    house = House(folder)
    made = files(count, seed)
    for name, content in made.items():
        house.put(name, content)
    report = house.load()
    assert {result.file for result in report.files} == set(made)
    assert {result.status for result in report.files} <= {"loaded", "rejected", "empty", "duplicate"}
    noted = {
        file: (status, rows, error)
        for file, status, rows, error in house.rows("select file, status, rows_in_file, error from ledger.files")
    }
    assert set(noted) == set(made)
    counted = 0
    for result in report.files:
        status, rows, error = noted[result.file]
        assert (status, rows) == (result.status, result.rows_in_file)
        if status == "rejected":
            assert error and error.startswith(result.file + ": ") and len(error) > len(result.file) + 10
        expected = records(result.file, made[result.file])
        if expected is not None and status != "rejected":
            counted += 1
            totals = result.dialect.get("total_rows", 0)
            assert rows + (0 if status == "duplicate" else totals) == expected, (result, made[result.file])
    # Most damage costs some rows, not the file; were it otherwise, this test would look at nothing.
    assert counted > count / 20
    assert len(report.loaded) > count / 4
    before = house.rows("select * from raw.ui__report order by all")
    again = house.load()
    assert {result.status for result in again.files} <= {"unchanged", "rejected"}
    assert house.rows("select * from raw.ui__report order by all") == before


def test_damaged_files_stop_nothing_and_are_accounted_for(tmp_path: Path) -> None:
    check(tmp_path, 200, seed=1)


@pytest.mark.slow
def test_two_thousand_damaged_files_are_accounted_for(tmp_path: Path) -> None:
    check(tmp_path, 2000, seed=2)
