"""A disk that is full while publishing: a real write error, the old release stays, the message helps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from publish_case import fill, manifest, settings_for

from orchestration.publishing import PublishFailed, publish
from orchestration.publishing import publish as publish_module

CHILD = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from publish_case import manifest, settings_for
from orchestration.publishing import PublishFailed, publish
# The kernel refuses to let any file of this process grow beyond the limit, as a full disk would.
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    publish(settings_for(Path(sys.argv[1])), manifest=manifest(), run_id="b")
except PublishFailed as error:
    print(error)
    sys.exit(1)
"""


@pytest.mark.parametrize("limit", [50_000, 1_000_000], ids=["at the first block", "in the middle"])
def test_write_error_keeps_the_old_release_and_says_how_much_is_missing(tmp_path: Path, limit: int) -> None:
    settings = settings_for(tmp_path)
    fill(settings, people=3)
    old = publish(settings, manifest=manifest(), run_id="a")
    fill(settings, people=300_000)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("checkpoint")

    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(Path(__file__).parent), str(limit)],
        capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=120,
    )  # fmt: skip

    assert child.returncode == 1, child.stdout + child.stderr
    assert "Cannot write the new release" in child.stdout
    assert "are free. The last published marts are untouched." in child.stdout
    assert "About 0.0 MB" not in child.stdout
    assert (tmp_path / "published").resolve() == old.path
    assert [p.name for p in (tmp_path / "releases").iterdir()] == [old.release_id]
    with duckdb.connect(str(tmp_path / "published" / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.marts.dim_people").fetchall() == [(3,)]

    # With room again, the next publish succeeds.
    assert publish(settings, manifest=manifest(), run_id="c").marts[0].rows == 300_000


def test_error_while_turning_the_link_keeps_the_old_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path)
    fill(settings)
    old = publish(settings, manifest=manifest(), run_id="a")

    def refuse(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules[publish_module.__module__], "exchange", refuse)
    with pytest.raises(PublishFailed, match="No space left on device"):
        publish(settings, manifest=manifest(), run_id="b")
    assert (tmp_path / "published").resolve() == old.path
