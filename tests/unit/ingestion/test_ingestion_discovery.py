"""A file's place and name say its source, table, version and batch."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from orchestration.ingestion.discovery import ExtractsNotFound, is_skipped, list_extracts, newest_date


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("ads_2024-05-01.csv", datetime(2024, 5, 1)),
        ("ads_20240501.csv", datetime(2024, 5, 1)),
        ("ads_2024_05_01_part2.csv", datetime(2024, 5, 1)),
        ("2024/05/01", datetime(2024, 5, 1)),
        ("date=2024-05-01", datetime(2024, 5, 1)),
        ("ads_2024-05-01T10-30-00.csv", datetime(2024, 5, 1, 10, 30)),
        ("ads_20240501_103015.csv", datetime(2024, 5, 1, 10, 30, 15)),
        ("ads_2024-01-01_2024-01-31.csv", datetime(2024, 1, 31)),
        ("ads_2024-02-30.csv", None),
        ("account_1234567890.csv", None),
        ("account_12345678.csv", None),
        ("ads_2024.csv", None),
        ("people.csv", None),
    ],
)
def test_the_newest_date_in_a_name(name: str, date: datetime | None) -> None:
    assert newest_date(name) == date


def test_place_and_name(tmp_path: Path) -> None:
    for file in ("crm/people.csv.gz", "ads/days/2024/05/02/part.csv", "ads/days/x_2024-05-03.csv", "loose.csv"):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = {extract.file: extract for extract in list_extracts(str(tmp_path))}
    assert list(found) == sorted(found)
    assert [(e.source, e.table, e.folder) for e in found.values()] == [
        ("ads", "days", "2024/05/02"),
        ("ads", "days", ""),
        ("crm", "people", ""),
        (None, "loose", ""),
    ]
    assert found["ads/days/2024/05/02/part.csv"].version == datetime(2024, 5, 2)
    assert found["ads/days/x_2024-05-03.csv"].version == datetime(2024, 5, 3)
    assert found["crm/people.csv.gz"].version == found["crm/people.csv.gz"].modified
    assert found["loose.csv"].is_unchanged()
    (tmp_path / "loose.csv").write_text("xy")
    assert not found["loose.csv"].is_unchanged()
    (tmp_path / "loose.csv").unlink()
    assert not found["loose.csv"].is_unchanged()


@pytest.mark.parametrize(
    ("file", "skipped"),
    [
        ("crm/people.csv", False),
        ("crm/.people.csv", True),
        (".git/people.csv", True),
        ("crm/~$people.xlsx", True),
        ("crm/people.csv.part", True),
        ("crm/people/_SUCCESS", True),
        ("crm/README.md", True),
        ("crm/people/readme.csv", False),
    ],
)
def test_what_is_no_extract(file: str, skipped: bool) -> None:
    assert is_skipped(file) == skipped


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("x")])
def test_an_absent_folder_or_a_file_in_its_place_is_not_found(tmp_path: Path, make: object) -> None:
    path = tmp_path / "extracts"
    make(path)  # type: ignore[operator]
    with pytest.raises(ExtractsNotFound, match="extracts folder not found"):
        list_extracts(str(path))


def test_an_absent_remote_folder_is_not_found() -> None:
    with pytest.raises(ExtractsNotFound, match="memory://nowhere"):
        list_extracts("memory://nowhere")
