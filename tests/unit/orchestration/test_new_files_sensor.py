"""The listing of the extracts, and the sensor that waits until it holds still."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import fsspec
import pytest

from orchestration.defs.jobs import new_files_sensor
from orchestration.defs.listing import ExtractsUnreachable, fingerprint_of_extracts
from orchestration.settings import Settings


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_fingerprint_follows_new_changed_and_removed_files(tmp_path: Path) -> None:
    seen = [fingerprint_of_extracts(str(tmp_path))]

    def changed() -> bool:
        seen.append(fingerprint_of_extracts(str(tmp_path)))
        return seen[-1] != seen[-2]

    assert not changed()
    write(tmp_path / "crm" / "people.csv", "id\n1\n")
    assert changed()
    write(tmp_path / "crm" / "people.csv", "id\n12\n")
    assert changed()
    (tmp_path / "crm" / "people.csv").unlink()
    assert changed()
    assert seen[-1] == seen[0]


def test_fingerprint_reads_a_remote_listing() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/crm/people.csv", b"id\n1\n")
    first = fingerprint_of_extracts("memory://bucket")
    assert fingerprint_of_extracts("memory://bucket") == first
    memory.pipe("/bucket/crm/accounts.csv", b"id\n1\n")
    assert fingerprint_of_extracts("memory://bucket") != first
    memory.rm("/bucket", recursive=True)


@pytest.mark.parametrize("location", ["/no/such/folder", "memory://no/such/bucket", "nosuchscheme://x"])
def test_absent_extracts_are_explained(location: str) -> None:
    with pytest.raises(ExtractsUnreachable, match=f"Cannot list the extracts in {location}"):
        fingerprint_of_extracts(location)


def test_sensor_starts_one_run_when_arriving_files_hold_still(tmp_path: Path) -> None:
    extracts = tmp_path / "extracts"
    write(extracts / "crm" / "people.csv", "id\n1\n")
    sensor = new_files_sensor(Settings(extracts=str(extracts), home=tmp_path / "home"))
    cursor: str | None = None

    def tick() -> int:
        nonlocal cursor
        context = dg.build_sensor_context(cursor=cursor)
        requests = [e for e in sensor(context) if isinstance(e, dg.RunRequest)]
        cursor = context.cursor
        return len(requests)

    assert [tick(), tick(), tick()] == [0, 1, 0]
    write(extracts / "crm" / "accounts.csv", "id\n")
    assert tick() == 0
    write(extracts / "crm" / "accounts.csv", "id\n1\n")  # still being written
    assert [tick(), tick(), tick()] == [0, 1, 0]
    (extracts / "crm" / "accounts.csv").unlink()
    assert [tick(), tick(), tick()] == [0, 1, 0]
    assert set(json.loads(cursor or "")) == {"run", "seen"}


def test_sensor_skips_with_a_reason_when_the_folder_is_away(tmp_path: Path) -> None:
    sensor = new_files_sensor(Settings(extracts=str(tmp_path / "away"), home=tmp_path))
    [skipped] = list(sensor(dg.build_sensor_context()))
    assert isinstance(skipped, dg.SkipReason) and "there is no such folder" in str(skipped.skip_message)
