"""Files into the raw tables, whole or not at all, with their ledger rows.

Files that are written alike and have no flaw take the short way: one pass, one transaction. All
others go one after the other. Both ways lead to the same tables.

Belongs here: the order of steps for a file or a group, and which files must be loaded once more. Does not belong
here: how files are read (`readers`, `landing`), which rows win (`load`), or the order of files in a run (`ingest`).
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingestion import corrections, fx, ledger, load
from orchestration.ingestion.contracts import Contracts, Table, no_contract
from orchestration.ingestion.discovery import Extract
from orchestration.ingestion.formats import Plain, UnreadableFile, plain
from orchestration.ingestion.landing import FileVersion, Landed, land_group
from orchestration.ingestion.ledger import Entry
from orchestration.ingestion.opening import read
from orchestration.ingestion.readers import Reading, open_file, signatures
from orchestration.ingestion.results import FileResult


@dataclass(frozen=True)
class _Member:
    """A new file of a group, with its content hash and its plain copy."""

    extract: Extract
    sha256: str
    plain: Plain


class _Flawed(Exception):
    """A row of a group of files breaks the contract."""


class _NotAlike(Exception):
    """Files cannot be read in one pass, or one of them changed meanwhile."""


@dataclass
class Loader:
    """Handles files; `again` holds those that must be loaded once more, now."""

    connection: duckdb.DuckDBPyConnection
    contracts: Contracts
    present: dict[str, Extract]
    now: datetime
    again: list[Extract] = field(default_factory=list)

    def handle_group(self, extracts: Sequence[Extract]) -> Iterator[FileResult]:
        """Settle files of one table; each result comes when it is committed."""
        first = extracts[0]
        table = self.contracts.get((first.source or "", first.table))
        if table is None or first.file == fx.FILE:
            yield from map(self.handle, extracts)
            return
        known = [
            entry
            for entry in ledger.entries(self.connection, "source = ? and table_name = ?", [table.source, table.name])
            if entry.status in ledger.SETTLED
        ]
        settled = {(entry.file, entry.sha256) for entry in known}
        newest = {entry.file: entry for entry in sorted(known, key=lambda entry: entry.loaded_at)}
        contents = {entry.sha256 for entry in known if entry.status == "loaded"}
        alone: list[Extract] = []
        members: list[_Member] = []
        with tempfile.TemporaryDirectory(prefix="funnelhouse-") as folder:
            for number, extract in enumerate(extracts):
                entry = newest.get(extract.file)
                if entry and entry.is_of(extract.size, extract.modified):
                    yield _unchanged(extract)
                    continue
                scratch = Path(folder, str(number))
                scratch.mkdir()
                try:
                    here = extract.fetched(scratch)
                    sha256 = here.sha256()
                    if (here.file, sha256) in settled:
                        yield _unchanged(here)
                    elif sha256 in contents:
                        alone.append(here)
                    else:
                        members.append(_Member(here, sha256, plain(here.path, scratch)))
                        contents.add(sha256)
                except (UnreadableFile, OSError):
                    alone.append(extract)
            alike: dict[Hashable, list[_Member]] = {}
            found = signatures(self.connection, [member.plain for member in members])
            late: list[Extract] = []
            for member, signature in zip(members, found, strict=True):
                if corrections.CORRECTS_FILE in member.plain.head:
                    late.append(member.extract)
                elif signature is None:
                    alone.append(member.extract)
                else:
                    alike.setdefault(signature, []).append(member)
            for group in alike.values():
                yield from self._handle_alike(table, group)
            yield from map(self.handle, [*alone, *late])

    def _handle_alike(self, table: Table, members: Sequence[_Member]) -> Iterator[FileResult]:
        """Files of one signature: in one pass where that goes, else the halves, else each alone."""
        results: list[FileResult] | None = None
        has_flaw = False
        try:
            self.connection.begin()
            results = self._load_alike(table, members)
            self.connection.commit()
        except _Flawed:
            has_flaw = True
            self._abandon()
        except (_NotAlike, UnreadableFile, OSError):
            self._abandon()
        except BaseException:
            self._abandon()
            raise
        if results is not None:
            yield from results
        elif has_flaw and len(members) > 1:
            # One flawed file among thousands costs a few passes more, not one pass for each of them.
            half = len(members) // 2
            yield from self._handle_alike(table, members[:half])
            yield from self._handle_alike(table, members[half:])
        else:
            for member in members:
                yield self.handle(member.extract, has_flaw=has_flaw)

    def _load_alike(self, table: Table, members: Sequence[_Member]) -> list[FileResult]:
        """Read files of one signature in one pass.

        Raises:
            UnreadableFile: they lack a column.
            _Flawed: a row of one of them breaks the contract.
            _NotAlike: each of them must be looked at.
        """
        connection = self.connection
        first = open_file(connection, members[0].plain, table)
        if first is None or first.over is None:
            raise _NotAlike
        reading = replace(first, relation=first.over([member.plain.path for member in members]))
        versions = [
            FileVersion(table.source, table.name, m.extract.file, _file_id(m.sha256), m.extract.version, self.now)
            for m in members
        ]
        load.create_group(
            connection,
            [str(member.plain.path) for member in members],
            [version.file_id for version in versions],
            [version.version for version in versions],
        )
        landed = land_group(connection, reading, table, versions, load.GROUP)
        if landed is None:
            raise _Flawed
        if not all(member.extract.is_unchanged() for member in members):
            raise _NotAlike
        ledger.forget_unsettled(connection, [member.extract.file for member in members])
        entries = []
        for member, outcome in zip(members, landed, strict=True):
            described = {"encoding": member.plain.encoding, "compression": member.plain.compression}
            outcome = replace(outcome, dialect=outcome.dialect | {k: v for k, v in described.items() if v})
            entries.append(self._loaded_entry(member.extract, member.sha256, (reading, outcome)))
        return self._settle_rows(table, [member.extract for member in members], entries)

    def handle(self, extract: Extract, *, has_flaw: bool = False) -> FileResult:
        """Settle one file; whatever happens, the warehouse is as before or holds the whole file.

        With `has_flaw` it is known that some row breaks the contract.
        """
        table = self.contracts.get((extract.source or "", extract.table))
        if table is None:
            return self._ignore(extract)
        with tempfile.TemporaryDirectory(prefix="funnelhouse-") as folder:
            return self._handle_known(extract, table, Path(folder), has_flaw)

    def _ignore(self, extract: Extract) -> FileResult:
        """A file that no contract knows is not read."""
        error = no_contract(self.contracts, extract.file, extract.source, extract.table)
        noted = ledger.entries(self.connection, "file = ? and status = 'ignored'", [extract.file])
        if noted and (noted[0].size_bytes, noted[0].error) == (extract.size, error):
            return _result(extract, noted[0])
        return self._note(extract, "", "ignored", error)

    def _handle_known(self, extract: Extract, table: Table, scratch: Path, has_flaw: bool) -> FileResult:
        try:
            extract = extract.fetched(scratch)
            sha256 = extract.sha256()
        except FileNotFoundError:
            return self._left(extract, "it went away while it was read")
        except OSError as error:
            return self._note(extract, "", "rejected", _unopened(extract, error))
        if ledger.entries(
            self.connection,
            "file = ? and sha256 = ? and status in (select unnest(?))",
            [extract.file, sha256, list(ledger.SETTLED)],
        ):
            return _unchanged(extract)
        try:
            self.connection.begin()
            result = self._settle(extract, table, sha256, has_flaw)
            self.connection.commit()
        except UnreadableFile as error:
            self._abandon()
            result = self._note(extract, sha256, "rejected", f"{extract.file}: {error}")
        except OSError as error:
            self._abandon()
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            result = self._note(extract, sha256, "rejected", _unopened(extract, error))
        except BaseException:
            self._abandon()
            raise
        return result

    def _abandon(self) -> None:
        self.again.clear()
        self.connection.rollback()

    def _left(self, extract: Extract, reason: str) -> FileResult:
        error = f"{extract.file}: {reason}; left for the next run"
        return FileResult(extract.file, extract.source, extract.table, "changed", error)

    def _settle(self, extract: Extract, table: Table, sha256: str, has_flaw: bool) -> FileResult:
        owners = ledger.entries(
            self.connection,
            "sha256 = ? and source = ? and table_name = ? and status = 'loaded'",
            [sha256, table.source, table.name],
        )
        if owners and not _takes_over(extract, owners[0], table):
            return self._duplicate(extract, table, owners[0])
        return self._load(extract, table, sha256, owners[0] if owners else None, has_flaw)

    def _load(self, extract: Extract, table: Table, sha256: str, owner: Entry | None, has_flaw: bool) -> FileResult:
        """Read, check and settle one file. `owner` is the same content under a name that counts for less."""

        def restart() -> None:
            self.connection.rollback()
            self.connection.begin()
            if owner:
                ledger.undo(self.connection, owner, table)

        restart()
        version = FileVersion(table.source, table.name, extract.file, _file_id(sha256), extract.version, self.now)
        opened = read(self.connection, extract, table, version, restart, has_flaw=has_flaw)
        if not extract.is_unchanged():
            self.connection.rollback()
            self.connection.begin()
            return self._left(extract, "it changed while it was read")
        ledger.forget_unsettled(self.connection, [extract.file])
        if owner:
            self._handle_again(owner)
        return self._settle_rows(table, [extract], [self._loaded_entry(extract, sha256, opened)])[0]

    def _settle_rows(self, table: Table, extracts: Sequence[Extract], entries: Sequence[Entry]) -> list[FileResult]:
        """Let the newest rows stay after these files were landed, and write the files down."""
        loaded = [entry for entry in entries if entry.status == "loaded"]
        before = ledger.batch_versions(self.connection, table)
        losses: dict[int, load.Losses] = {}
        if loaded:
            load.create_group(
                self.connection,
                [entry.file for entry in loaded],
                [entry.file_id for entry in loaded],
                [entry.version for entry in loaded],
                [entry.batch for entry in loaded],
            )
            losses = load.settle(self.connection, table)
        settled = []
        for entry in entries:
            lost = losses.get(entry.file_id, load.Losses())
            settled.append(
                replace(
                    entry,
                    rows_loaded=entry.rows_in_file - entry.rows_quarantined - lost.duplicate,
                    rows_duplicate=lost.duplicate,
                    rows_superseded=lost.superseded,
                )
            )
        ledger.write(self.connection, settled)
        load.drop_scratch_tables(self.connection)
        self._reopen(table, before, loaded)
        return [_result(extract, entry) for extract, entry in zip(extracts, settled, strict=True)]

    def _duplicate(self, extract: Extract, table: Table, owner: Entry) -> FileResult:
        ledger.forget_unsettled(self.connection, [extract.file])
        unstamped = extract.version if owner.unstamped_version else None
        version = ledger.version_of(owner.newest_stamp, unstamped)
        batch = extract.folder or version.isoformat()
        before = ledger.batch_versions(self.connection, table)
        entry = replace(
            owner,
            file=extract.file,
            version=version,
            batch=batch,
            modified_at=extract.modified,
            loaded_at=self.now,
            status="duplicate",
            rows_loaded=0,
            rows_quarantined=0,
            rows_duplicate=owner.rows_in_file,
            rows_superseded=0,
            error=f"{extract.file}: same content as {owner.file}",
        )
        ledger.write(self.connection, [entry])
        self._reopen(table, before, [entry])
        return _result(extract, entry)

    def _reopen(self, table: Table, before: Mapping[str, datetime], raised_by: Sequence[Entry]) -> None:
        """Load the losing rows of batches anew that became newer: they may win by now.

        It ends: the files that made a batch newer stay, so no file that is loaded anew can do so again.
        """
        raised = {entry.batch for entry in raised_by if entry.batch in before and entry.version > before[entry.batch]}
        if not raised:
            return
        for entry in ledger.entries(
            self.connection,
            "source = ? and table_name = ? and batch in (select unnest(?)) and file not in (select unnest(?))"
            " and status = 'loaded' and rows_superseded > 0",
            [table.source, table.name, sorted(raised), [entry.file for entry in raised_by]],
        ):
            extract = self.present.get(entry.file)
            if extract and extract.size == entry.size_bytes and extract.sha256() == entry.sha256:
                ledger.undo(self.connection, entry, table)
                self.again.append(extract)

    def _handle_again(self, entry: Entry) -> None:
        if extract := self.present.get(entry.file):
            self.again.append(extract)

    def _note(self, extract: Extract, sha256: str, status: str, error: str) -> FileResult:
        self.connection.begin()
        ledger.forget_unsettled(self.connection, [extract.file])
        result = self._write(extract, sha256, status, error=error)
        self.connection.commit()
        return result

    def _write(self, extract: Extract, sha256: str, status: str, *, error: str) -> FileResult:
        """Note a file that was not loaded."""
        entry = self._entry(extract, sha256, status, extract.version, error=error)
        ledger.write(self.connection, [entry])
        return _result(extract, entry)

    def _loaded_entry(self, extract: Extract, sha256: str, opened: tuple[Reading, Landed] | None) -> Entry:
        """The ledger row of a file that was read; `_settle_rows` adds what became of its rows."""
        if opened is None:
            return self._entry(extract, sha256, "empty", extract.version, modified_at=extract.modified)
        reading, landed = opened
        corrects = landed.corrects
        version, dialect = corrects.version if corrects else extract.version, dict(landed.dialect)
        dialect["version"] = "sync stamp" if landed.newest_stamp else extract.version_is_from
        if corrects:
            dialect |= {"version": "corrected file", "corrects": corrects.file}
        if landed.newest_stamp:
            dialect["newest_stamp"] = landed.newest_stamp.isoformat()
        if landed.has_unstamped:
            dialect["unstamped_version"] = version.isoformat()
        if landed.rows_in_file:
            version = ledger.version_of(landed.newest_stamp, version if landed.has_unstamped else None)
        return self._entry(
            extract,
            sha256,
            "loaded" if landed.rows_in_file else "empty",
            version,
            modified_at=extract.modified,
            format=reading.format,
            dialect=dialect,
            rows_in_file=landed.rows_in_file,
            rows_quarantined=landed.rows_quarantined,
            newest_event_at=landed.newest_event_at,
            unknown_columns=tuple(name for name in reading.mapping.unknown if name not in corrections.COLUMNS),
            columns=() if corrects else landed.columns(reading),
            **({"batch": corrects.batch} if corrects else {}),
        )

    def _entry(self, extract: Extract, sha256: str, status: str, version: datetime, **more: Any) -> Entry:
        return Entry(
            file_id=_file_id(sha256),
            source=extract.source,
            table_name=extract.table,
            file=extract.file,
            sha256=sha256,
            size_bytes=extract.size,
            version=version,
            batch=more.pop("batch", extract.folder or version.isoformat()),
            loaded_at=self.now,
            status=status,
            **more,
        )


def _takes_over(extract: Extract, owner: Entry, table: Table) -> bool:
    """Whether this name of a content counts more than the one under which it was loaded.

    A content has the newest version that any of its names gives it; without this rule the result would hang
    on which name came first. Between equal versions the first name by path decides on the batch.
    """
    replaces = table.load_mode == "replace_window" and extract.file < owner.file
    if owner.unstamped_version is None:
        return replaces
    return extract.version > owner.unstamped_version or (extract.version == owner.unstamped_version and replaces)


def _unchanged(extract: Extract) -> FileResult:
    return FileResult(extract.file, extract.source, extract.table, "unchanged")


def _result(extract: Extract, entry: Entry) -> FileResult:
    return FileResult(
        file=extract.file,
        source=extract.source,
        table=extract.table,
        status=entry.status,
        error=entry.error,
        format=entry.format,
        dialect=entry.dialect or {},
        rows_in_file=entry.rows_in_file,
        rows_loaded=entry.rows_loaded,
        rows_quarantined=entry.rows_quarantined,
        rows_duplicate=entry.rows_duplicate,
        rows_superseded=entry.rows_superseded,
        unknown_columns=entry.unknown_columns,
    )


def _unopened(extract: Extract, error: OSError) -> str:
    return f"{extract.file}: it cannot be opened ({error.strerror or error}); check its permissions"


def _file_id(sha256: str) -> int:
    return int(sha256[:16] or "0", 16)
