"""One gated run in Dagster: what passes is published, what fails stops the next layer and publishes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
import tiny_project

from orchestration.defs.build import build_definitions
from orchestration.defs.run import Interrupted, dagster_instance, run_in_process
from orchestration.ingestion.discovery import ExtractsNotFound
from orchestration.pipeline import ChecksFailed, FilesRejected, Observer, Pipeline, RunSummary
from orchestration.settings import Settings
from orchestration.transformation import DbtFailed
from orchestration.warehouse import WarehouseLocked, connect, writer_lock


class Recorder(Observer):
    """Notes the steps, and runs a statement after one layer."""

    def __init__(self, settings: Settings, faults: dict[str, str] | None = None) -> None:
        self.settings = settings
        self.faults = faults or {}
        self.steps: list[str] = []
        self.error: BaseException | None = None

    def finished(self, step: str, detail: str, seconds: float) -> None:
        self.steps.append(step)

    def failed(self, step: str, error: BaseException) -> None:
        self.steps.append(f"{step}: failed")
        self.error = error

    def after(self, layer: str) -> None:
        if layer in self.faults:
            with connect(self.settings) as connection:
                connection.execute(self.faults[layer])


ALL_STEPS = [
    "load", "check raw", "build staging", "check staging", "build marts", "check marts", "build quality", "publish",
]  # fmt: skip


def run(settings: Settings, faults: dict[str, str] | None = None, job: str = "daily") -> tuple[RunSummary, Recorder]:
    recorder = Recorder(settings, faults)
    return run_in_process(settings, recorder, job=job), recorder


def query(settings: Settings, sql: str) -> list[tuple]:
    with connect(settings) as connection:
        return connection.execute(sql).fetchall()


def published(settings: Settings) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((settings.published / "manifest.json").read_text())
    return content


def hashes(settings: Settings) -> dict[str, str]:
    marts = published(settings)["marts"]
    return {name: mart["content_hash"] for name, mart in marts.items() if name != "rpt_data_quality"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return tiny_project.build(tmp_path)


def test_a_run_goes_from_files_to_published_marts_and_a_second_one_changes_nothing(
    settings: Settings,
) -> None:
    summary, recorder = run(settings)

    assert summary.error is None
    assert recorder.steps == ALL_STEPS
    assert summary.ingestion is not None and summary.ingestion.rows_loaded >= 3
    assert {layer: len(results) for layer, results in summary.checks.items()} == {
        "raw": 3,
        "staging": 1,
        "marts": 1,
    }
    assert summary.release is not None
    with duckdb.connect(str(settings.published / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select opportunity_id, is_won from marts.marts.fct_opportunities order by 1"
        ).fetchall()
        emails = connection.execute("select email from marts.marts.fct_opportunities").fetchall()
        reconciled = connection.execute("from marts.marts.rpt_reconciliation").fetchall()
    assert rows == [("1", True), ("2", False), ("3", None)]
    assert reconciled == [(published(settings)["run_id"], 3)]
    assert not [email for (email,) in emails if email and "@" in email]
    assert (settings.data_docs / "index.html").exists()

    with dagster_instance(settings.dagster_home) as instance:
        [dagster_run] = instance.get_runs()
        assert dagster_run.job_name == "daily" and dagster_run.is_success
        assert dagster_run.run_id == published(settings)["run_id"]
        materialised = {
            event.asset_key.to_user_string() for event in events(instance, dagster_run.run_id, "ASSET_MATERIALIZATION")
        }
        checks = [event.event_specific_data for event in events(instance, dagster_run.run_id, "ASSET_CHECK_EVALUATION")]
    assert {
        "raw/crm/opportunities", "ledger/files", "ledger/quarantine", "ledger/check_results",
        "staging/stg_crm__opportunities",
        "staging/stg_ledger__check_results", "reference/stages", "intermediate/int_opportunities",
        "marts/fct_opportunities", "marts/rpt_reconciliation", "marts/rpt_data_quality",
        "published/fct_opportunities", "published/rpt_reconciliation", "published/rpt_data_quality",
    } == materialised  # fmt: skip
    assert {(c.asset_key.to_user_string(), c.check_name) for c in checks} == {
        ("raw/crm/opportunities", "gx_id_is_filled"),
        ("raw/crm/opportunities", "gx_stage_is_filled"),
        ("raw/crm/opportunities", "gx_amount_is_not_negative"),
        ("staging/stg_crm__opportunities", "unique_stg_crm__opportunities_opportunity_id"),
        ("staging/stg_crm__opportunities", "not_null_stg_crm__opportunities_opportunity_id"),
        ("staging/stg_crm__opportunities", "gx_stage_is_known"),
        ("marts/fct_opportunities", "unique_fct_opportunities_opportunity_id"),
        ("marts/fct_opportunities", "gx_amount_is_below_a_million"),
    }
    assert all(c.passed for c in checks)

    before = hashes(settings)
    again, _ = run(settings)
    assert again.error is None and again.ingestion is not None
    assert again.ingestion.rows_loaded == 0
    assert hashes(settings) == before
    ledger = query(
        settings,
        "select layer, count(*), count(distinct run_id) from ledger.check_results group by 1 order by 1",
    )
    assert ledger == [("marts", 2, 2), ("raw", 6, 2), ("staging", 2, 2)]


def events(instance: Any, run_id: str, kind: str) -> list[Any]:
    return [
        entry.dagster_event
        for entry in instance.all_logs(run_id)
        if entry.is_dagster_event and entry.dagster_event.event_type_value == kind
    ]


FAULTS = {
    "raw": ("update raw.crm__opportunities set id = null where id = '2'", "id_is_filled", ALL_STEPS[:1]),
    "staging": (
        "create or replace view staging.stg_crm__opportunities as "
        "select id as opportunity_id, email, 'nonsense' as stage, amount from raw.crm__opportunities",
        "stage_is_known",
        ALL_STEPS[:3],
    ),
    "marts": ("update marts.fct_opportunities set amount = 2e6", "amount_is_below_a_million", ALL_STEPS[:5]),
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a published release; runs that fail leave it as it is, so that tests can share it."""
    settings = tiny_project.build(tmp_path_factory.mktemp("settled"))
    run(settings)
    return settings


@pytest.mark.parametrize("layer", FAULTS)
def test_a_fault_planted_after_a_layer_fails_its_check_and_stops_the_next(settled: Settings, layer: str) -> None:
    before = published(settled)
    statement, check, steps = FAULTS[layer]

    summary, recorder = run(settled, {layer: statement})

    assert isinstance(summary.error, ChecksFailed)
    assert check in str(summary.error) and f"after layer {layer}" in str(summary.error)
    assert recorder.steps == [*steps, f"check {layer}: failed"]
    assert published(settled) == before
    with dagster_instance(settled.dagster_home) as instance:
        last = instance.get_runs(limit=1)[0]
        evaluations = [e.event_specific_data for e in events(instance, last.run_id, "ASSET_CHECK_EVALUATION")]
        assert not last.is_success
    assert [(e.check_name, e.severity.value) for e in evaluations if not e.passed] == [(f"gx_{check}", "ERROR")]
    failed = query(
        settled,
        f"select expectation from ledger.check_results where not success and run_id = '{last.run_id}'",
    )
    assert failed == [(check,)]
    # The next run heals it: the raw fault is a fault of the warehouse, the others are rebuilt.
    if layer == "raw":
        with connect(settled) as connection:
            connection.execute("update raw.crm__opportunities set id = '2' where id is null")


def test_a_warning_stops_nothing_and_is_published(tmp_path: Path) -> None:
    settings = tiny_project.build(tmp_path, tiny_project.EXTRACT.replace(",20,", ",-20,"))
    summary, recorder = run(settings)

    assert summary.error is None and recorder.steps == ALL_STEPS
    with duckdb.connect(str(settings.published / "marts.duckdb"), read_only=True) as connection:
        failed = connection.execute("select expectation from marts.marts.rpt_data_quality where not success").fetchall()
    assert failed == [("amount_is_not_negative",)]


def test_results_of_a_failed_run_appear_with_the_next_publish(settings: Settings) -> None:
    run(settings, {"marts": FAULTS["marts"][0]})
    summary, _ = run(settings)
    assert summary.error is None
    with duckdb.connect(str(settings.published / "marts.duckdb"), read_only=True) as connection:
        failed = connection.execute(
            "select layer, expectation from marts.marts.rpt_data_quality where not success"
        ).fetchall()
    assert failed == [("marts", "amount_is_below_a_million")]


def test_a_failing_dbt_test_stops_the_run(settings: Settings) -> None:
    # After the raw checks nothing looks at keys but dbt: a repeated key arrives between them.
    class Late(Recorder):
        def finished(self, step: str, detail: str, seconds: float) -> None:
            super().finished(step, detail, seconds)
            if step == "check raw":
                with connect(self.settings) as connection:
                    connection.execute("insert into raw.crm__opportunities by name select '1' as id, 'won' as stage")

    recorder = Late(settings)
    summary = run_in_process(settings, recorder)
    assert isinstance(summary.error, DbtFailed)
    assert "unique_stg_crm__opportunities_opportunity_id" in str(summary.error)
    assert recorder.steps == ["load", "check raw", "build staging: failed"]
    assert not settings.published.exists()


def test_a_rejected_file_lets_the_others_load_and_stops_before_staging(settings: Settings) -> None:
    run(settings)
    before = published(settings)
    folder = Path(settings.extracts) / "crm"
    (folder / "opportunities").mkdir()
    (folder / "opportunities" / "good.csv").write_text("id,stage,amount\n9,won,5\n")
    (folder / "opportunities" / "bad.csv").write_text("id,amount\n10,7\n")

    summary, recorder = run(settings)

    assert isinstance(summary.error, FilesRejected)
    assert "bad.csv" in str(summary.error) and "stage" in str(summary.error)
    assert recorder.steps == ["load: failed"]
    assert query(settings, "select count(*) from raw.crm__opportunities where id = '9'") == [(1,)]
    assert published(settings) == before

    (folder / "opportunities" / "bad.csv").unlink()
    summary, _ = run(settings)
    assert summary.error is None
    assert published(settings)["marts"]["fct_opportunities"]["rows"] == 4


def test_a_full_refresh_forgets_what_is_no_longer_there(settings: Settings) -> None:
    run(settings)
    extract = Path(settings.extracts) / "crm" / "opportunities.csv"
    extract.write_text("id,stage,amount\n7,won,5\n")
    summary, _ = run(settings, job="full_refresh")
    assert summary.error is None
    assert query(settings, "select id from raw.crm__opportunities") == [("7",)]


def test_a_full_refresh_without_extracts_forgets_nothing(settings: Settings) -> None:
    run(settings)
    Path(settings.extracts).rename(Path(settings.extracts).with_name("moved"))
    summary, _ = run(settings, job="full_refresh")
    assert isinstance(summary.error, ExtractsNotFound)
    assert query(settings, "select count(*) from raw.crm__opportunities") == [(3,)]


def test_the_lock_is_held_from_the_first_step_to_the_last(settings: Settings) -> None:
    probe = (
        "import sys; from pathlib import Path; from orchestration.settings import Settings\n"
        "from orchestration.warehouse import WarehouseLocked, writer_lock\n"
        "try:\n"
        "    with writer_lock(Settings(extracts='x', home=Path(sys.argv[1]))): print('free')\n"
        "except WarehouseLocked: print('taken')"
    )

    def state() -> str:
        return subprocess.run(
            [sys.executable, "-c", probe, str(settings.home)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
        ).stdout.strip()  # fmt: skip

    class Probing(Recorder):
        def started(self, step: str) -> None:
            states.append(state())

    states: list[str] = []
    run_in_process(settings, Probing(settings))
    assert states == ["taken"] * len(ALL_STEPS)
    assert state() == "free"


HOLDER = (
    "import sys; from pathlib import Path; from orchestration.settings import Settings\n"
    "from orchestration.warehouse import writer_lock\n"
    "with writer_lock(Settings(extracts='x', home=Path(sys.argv[1]))):\n"
    "    print('ready', flush=True); sys.stdin.read()"
)


@contextmanager
def another_process(code: str, settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Runs `code`, which holds something of the home once it has printed a line, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(settings.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdin and process.stdout and process.stdout.readline().strip() == "ready"
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=30)


def test_a_second_process_cannot_run_meanwhile(settings: Settings) -> None:
    with another_process(HOLDER, settings) as holder:
        with pytest.raises(WarehouseLocked, match=f"process {holder.pid}"):
            run(settings)
    with writer_lock(settings):
        pass


def test_a_run_of_the_ui_says_who_is_writing(settings: Settings) -> None:
    """Runs of the UI take the lock by their resource; the message has to reach the run's log."""
    definitions = build_definitions(settings)
    with another_process(HOLDER, settings) as holder, dagster_instance(settings.dagster_home) as instance:
        result = definitions.resolve_job_def("daily").execute_in_process(instance=instance, raise_on_error=False)
        messages = " ".join(str(entry.dagster_event) for entry in instance.all_logs(result.run_id))
    assert not result.success
    assert f"process {holder.pid}, since" in messages
    assert not settings.warehouse.exists()


def test_an_interrupted_run_says_so_and_publishes_nothing(settings: Settings) -> None:
    class Impatient(Recorder):
        def after(self, layer: str) -> None:
            if layer == "staging":
                raise KeyboardInterrupt

    recorder = Impatient(settings)
    summary = run_in_process(settings, recorder)
    assert isinstance(summary.error, Interrupted)
    assert str(summary.error).startswith("Interrupted. The last published marts are untouched")
    assert recorder.steps == ["load", "check raw", "build staging: failed"]
    assert not settings.published.exists()


def test_a_transient_error_is_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.defs import failures

    real, attempts = Pipeline.ingest, []

    def flaky(self: Pipeline, **arguments: Any) -> Any:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionResetError("the share went away")
        return real(self, **arguments)

    monkeypatch.setattr(Pipeline, "ingest", flaky)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    summary, _ = run(settings)
    assert len(attempts) == 2
    assert summary.error is None and summary.release is not None
    assert failures.RETRIES.max_retries == 2


def test_other_errors_are_not_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def broken(self: Pipeline, **arguments: Any) -> Any:
        with self._step("load"):
            attempts.append(1)
            raise PermissionError("no access")

    monkeypatch.setattr(Pipeline, "ingest", broken)
    summary, _ = run(settings)
    assert len(attempts) == 1
    assert isinstance(summary.error, PermissionError)
