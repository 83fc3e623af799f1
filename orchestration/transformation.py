"""dbt, run inside this process: parse once, build by layer, let go of the warehouse afterwards.

Belongs here: how dbt is called and what comes back. Does not belong here: which models a layer holds
(`pipeline.py`), and how results look in Dagster (`defs/`).
"""

from __future__ import annotations

import fcntl
import gc
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.settings import Settings
from orchestration.warehouse import connect, explained_locks, pii_pads

_PROJECT_FILES = (".sql", ".yml", ".yaml", ".md", ".py", ".csv")
_OK = {"success", "pass", "warn", "no-op"}
_FAILED = {"fail", "error", "runtime error", "partial success"}
_parsed: dict[Path, tuple[str, Any]] = {}  # dbt target -> (fingerprint, dbt Manifest), of this process
_one_at_a_time = threading.RLock()  # dbt keeps flags, adapters and its connection in globals


class DbtFailed(RuntimeError):
    """dbt could not parse, build or test; the message names the first models or tests and their errors."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test.

    Attributes:
        unique_id: dbt's id, such as `model.funnelhouse.dim_people`.
        kind: model, seed, test or operation.
        name: name of the node.
        status: success, pass, warn, fail, error or skipped.
        message: dbt's message, None when all went well.
        failures: failing rows of a test; None for anything else.
        seconds: execution time.
    """

    unique_id: str
    kind: str
    name: str
    status: str
    message: str | None
    failures: int | None
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether downstream models may rely on it."""
        return self.status in _OK


@dataclass(frozen=True)
class DbtRun:
    """What one dbt command did.

    Attributes:
        command: build, seed, test...
        success: False when a node failed or dbt itself did.
        results: one per executed node; empty for `parse`.
        error: why dbt failed, or None.
    """

    command: str
    success: bool
    results: tuple[NodeResult, ...] = ()
    error: str | None = None

    def count(self, kind: str, *, failed: bool = False) -> int:
        """How many nodes of a kind succeeded (or, with `failed`, failed; skipped ones are neither)."""
        wanted = _FAILED if failed else _OK
        return sum(r.kind == kind and r.status in wanted for r in self.results)

    def raise_for_failure(self) -> None:
        """Raise `DbtFailed` when the command failed."""
        if not self.success:
            raise DbtFailed(self.error or f"dbt {self.command} failed.")


def run_dbt(
    settings: Settings,
    command: str,
    *,
    select: str | None = None,
    exclude: str | None = None,
    full_refresh: bool = False,
    variables: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    on_result: Callable[[dict[str, Any]], None] | None = None,
) -> DbtRun:
    """Run one dbt command on the warehouse of `settings`, in process and quietly.

    The project is parsed at the first call and again only when one of its files changed. Unit tests belong
    to the test suite, so `build` and `test` leave them out unless `select` is `test_type:unit`.
    A test is run with the layer that is built
    last among the models it reads (`--indirect-selection buildable`).

    Args:
        settings: where the project, the warehouse and dbt's target folder are.
        command: `build`, `seed`, `run`, `test`, `compile`, `docs generate`...
        select: dbt selection, blank-separated.
        exclude: dbt selection to leave out.
        full_refresh: rebuild incremental models and seeds.
        variables: dbt variables of this call alone (the run's id); those that shape the project are settings.
        arguments: more command-line arguments, as dbt spells them.
        on_result: called with the event (dbt's structured log, as a dict) of each finished model, seed or
            test; from dbt's worker threads.

    Returns:
        The results; failures are reported in them and not raised.

    Raises:
        WarehouseLocked: another process has the warehouse open.
        DbtFailed: the project cannot be parsed.
    """
    words = command.split()
    if select:
        words += ["--select", *select.split()]
    if exclude:
        words += ["--exclude", *exclude.split()]
    if full_refresh:
        words.append("--full-refresh")
    if words[0] in {"build", "test"} and "test_type:unit" not in words:
        words += ["--exclude-resource-types", "unit_test", "--indirect-selection", "buildable"]
    manifest = parse(settings)

    def forward(event: Any) -> None:
        if on_result is not None and event.info.name in _RESULT_EVENTS:
            from google.protobuf.json_format import MessageToDict

            on_result(MessageToDict(event, preserving_proto_field_name=True))

    # dbt opens the file with its own settings. A connection of ours that is open meanwhile lends it the
    # memory limit and the threads, which belong to the database instance that both share.
    with connect(settings):
        outcome = _invoke(settings, [*words, *arguments], manifest=manifest, callback=forward, variables=variables)
    return _as_run(words[0], outcome)


_RESULT_EVENTS = {"LogSeedResult", "LogModelResult", "LogSnapshotResult", "LogTestResult"}


def parse(settings: Settings) -> Any:
    """dbt's own manifest object (`dbt.contracts.graph.manifest.Manifest`), parsed once per process.

    Raises:
        DbtFailed: the project cannot be parsed; the message is dbt's.
    """
    with _one_at_a_time:
        wanted = fingerprint(settings)
        known = _parsed.get(settings.dbt_target)
        if known and known[0] == wanted:
            return known[1]
        with _exclusive(settings.dbt_target / "parse.lock"):
            outcome = _invoke(settings, ["parse"])
        if not outcome.success or outcome.result is None:
            raise DbtFailed(f"dbt cannot parse {settings.dbt_project}: {_first_lines(outcome.exception)}")
        _parsed[settings.dbt_target] = (wanted, outcome.result)
        return outcome.result


def load_manifest(settings: Settings) -> Mapping[str, Any]:
    """The manifest as plain data (manifest.json), as Dagster's definitions and publishing read it.

    It is kept in the home and built when it is absent or when a file of the project is newer; several
    processes may ask at once.

    Raises:
        DbtFailed: the project cannot be parsed.
    """
    folder = settings.dbt_target / "parsed"
    kept = folder / f"{fingerprint(settings)}.json"
    if not kept.exists():
        manifest = parse(settings)
        folder.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(manifest.writable_manifest().to_dict(omit_none=False), default=str))
        draft.replace(kept)
        for other in folder.glob("*.json"):
            if other != kept:
                other.unlink(missing_ok=True)
    content: Mapping[str, Any] = json.loads(kept.read_text())
    return content


def fingerprint(settings: Settings) -> str:
    """Changes when a file of the dbt project, a seed or a variable that is handed to dbt changes."""
    digest = hashlib.sha256(json.dumps(_variables(settings)).encode())
    for root in (settings.dbt_project, settings.project_root / "seeds" / "reference"):
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if path.suffix in _PROJECT_FILES and relative.parts[0] not in {"target", "logs", "dbt_packages"}:
                stat = path.stat()
                digest.update(f"{relative}|{stat.st_mtime_ns}|{stat.st_size}\n".encode())
    return digest.hexdigest()[:16]


def _invoke(
    settings: Settings,
    words: list[str],
    *,
    manifest: Any = None,
    callback: Callable[[Any], None] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Any:
    """One call of dbtRunner, with the environment that the profile reads, and no handle left open."""
    # Imported here: it takes two seconds, and most commands never need it.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    environments: set[Any] = set()

    def listen(event: Any) -> None:
        # dbt forgets its DuckDB environment at the end without closing it, and worker threads keep it
        # alive. It is noted while dbt is talking, so that it can be closed below.
        if DuckDBConnectionManager._ENV is not None:
            environments.add(DuckDBConnectionManager._ENV)
        if callback is not None:
            callback(event)

    arguments = [
        *words,
        *("--project-dir", str(settings.dbt_project)),
        *("--profiles-dir", str(settings.dbt_project)),
        *("--target-path", str(settings.dbt_target)),
        *("--log-path", str(settings.dbt_target / "logs")),
        *("--vars", json.dumps({**_variables(settings), **(variables or {})})),
        *("--log-level", "none", "--log-level-file", "info", "--quiet", "--no-use-colors"),
        # Artifacts of every call would take 4 s a run to write; `load_manifest` keeps the one that is read.
        *("--no-version-check", "--no-send-anonymous-usage-stats", "--no-write-json"),
    ]
    settings = settings.with_pii_key()
    inner, outer = pii_pads(settings.pii_key or "")
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    with (
        _one_at_a_time,
        _environment(
            FUNNELHOUSE_WAREHOUSE=str(settings.warehouse),
            DBT_ENV_SECRET_PII_INNER=inner,
            DBT_ENV_SECRET_PII_OUTER=outer,
        ),
        explained_locks(settings),
    ):
        try:
            outcome = dbtRunner(manifest=manifest, callbacks=[listen]).invoke(arguments)
        finally:
            for environment in environments:
                environment.close()
            environments.clear()
            if words[0] != "parse":
                gc.collect()  # cursors of dbt's threads also hold the file
        if outcome.exception is not None and not isinstance(outcome.exception, Exception):
            raise outcome.exception  # somebody stopped the run: dbt keeps that to itself
        return outcome


def _as_run(command: str, outcome: Any) -> DbtRun:
    results = []
    for result in getattr(outcome.result, "results", None) or []:
        node = getattr(result, "node", None)
        if node is None:
            continue
        results.append(
            NodeResult(
                unique_id=node.unique_id,
                kind=str(getattr(node.resource_type, "value", node.resource_type)),
                name=node.name,
                status=str(getattr(result.status, "value", result.status)),
                message=result.message,
                failures=result.failures,
                seconds=result.execution_time,
            )
        )
    error = None
    if not outcome.success:
        broken = [r for r in results if not r.succeeded and r.status != "skipped"]
        told = "; ".join(f"{r.kind} {r.name}: {_first_lines(r.message)}" for r in broken[:3])
        more = f" (and {len(broken) - 3} more)" if len(broken) > 3 else ""
        error = f"dbt {command} failed: {told or _first_lines(outcome.exception)}{more}"
    return DbtRun(command, bool(outcome.success), tuple(results), error)


def _first_lines(message: object) -> str:
    """dbt's message on one line, without its frame and its path to the compiled code."""
    lines = [line.strip() for line in str(message).splitlines()]
    kept = [line for line in lines if line and not line.startswith(("compiled code at", "> in macro"))]
    return " ".join(kept)[:600]


def _variables(settings: Settings) -> dict[str, str]:
    variables = {
        "reporting_timezone": settings.reporting_timezone,
        "reporting_currency": settings.reporting_currency,
    }
    if settings.as_of_at:
        variables["as_of_at"] = settings.as_of_at
    return variables


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Wait for other processes that parse into the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
