"""Files into the raw tables, whole or not at all, with their ledger rows.

Files that are written alike, have no flaw and no row in common take the short way: one pass, one transaction. All
others go one after the other. Both ways lead to the same tables.

Belongs here: the order of steps for a file or a group, and which files must be loaded once more. Does not belong
here: how files are read (`readers`, `landing`), which rows win (`load`), or the order of files in a run (`ingest`).
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from orchestration.ingestion import fx, landing, ledger, load
from orchestration.ingestion.contracts import Contracts, Table
from orchestration.ingestion.discovery import Extract
from orchestration.ingestion.formats import Plain, UnreadableFile, plain
from orchestration.ingestion.landing import FileVersion, Landed, OtherEncoding, land, land_group
from orchestration.ingestion.ledger import Entry
from orchestration.ingestion.readers import Reading, open_file, open_group, signatures
from orchestration.ingestion.results import FileResult


@dataclass(frozen=True)
class _Member:
    """A new file of a group, with its content hash and its plain copy."""

    extract: Extract
    sha256: str
    plain: Plain


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
        settled = {
            (entry.file, entry.sha256): entry
            for entry in ledger.entries(
                self.connection,
                "source = ? and table_name = ?",
                [table.source, table.name],
            )
            if entry.status in ledger.SETTLED
        }
        contents = {sha256 for (_, sha256), entry in settled.items() if entry.status == "loaded"}
        alone, new = [], []
        for extract in extracts:
            try:
                sha256 = extract.sha256()
            except OSError:
                alone.append(extract)
                continue
            entry = settled.get((extract.file, sha256))
            if entry and entry.status != "ignored":
                yield FileResult(extract.file, extract.source, extract.table, "unchanged")
            elif sha256 in contents:
                alone.append(extract)
            else:
                contents.add(sha256)
                new.append((extract, sha256))
        with tempfile.TemporaryDirectory(prefix="funnelhouse-") as folder:
            members = []
            for number, (extract, sha256) in enumerate(new):
                scratch = Path(folder, str(number))
                scratch.mkdir()
                try:
                    members.append(_Member(extract, sha256, plain(extract.local(scratch), scratch)))
                except (UnreadableFile, OSError):
                    alone.append(extract)
            alike: dict[Hashable, list[_Member]] = {}
            for member, signature in zip(
                members, signatures(self.connection, [member.plain for member in members]), strict=True
            ):
                if signature is None:
                    alone.append(member.extract)
                else:
                    alike.setdefault(signature, []).append(member)
            for group in alike.values():
                yield from self._handle_alike(table, group)
        yield from map(self.handle, alone)

    def _handle_alike(self, table: Table, members: Sequence[_Member]) -> Iterator[FileResult]:
        """Files of one signature: in one pass where that goes, else the halves, else each alone."""
        try:
            self.connection.begin()
            results = self._load_alike(table, members)
            if isinstance(results, list):
                self.connection.commit()
            else:
                self._abandon()
        except (UnreadableFile, OSError):
            self._abandon()
            results = "clash"
        except BaseException:
            self._abandon()
            raise
        if isinstance(results, list):
            yield from results
        elif results == "clash":
            for member in members:
                yield self.handle(member.extract)
        elif len(members) == 1:
            yield self.handle(members[0].extract, has_flaw=True)
        else:
            # One flawed file among thousands costs a few passes more, not one pass for each of them.
            half = len(members) // 2
            yield from self._handle_alike(table, members[:half])
            yield from self._handle_alike(table, members[half:])

    def _load_alike(self, table: Table, members: Sequence[_Member]) -> list[FileResult] | Literal["flaw", "clash"]:
        """Read files of one signature in one pass into the raw table; else say what stands against it."""
        connection = self.connection
        reading = open_group(connection, [member.plain for member in members], table)
        if reading is None:
            return "clash"
        versions = [
            FileVersion(table.source, table.name, m.extract.file, _file_id(m.sha256), m.extract.version, self.now)
            for m in members
        ]
        paths = [str(member.plain.path) for member in members]
        ids = [version.file_id for version in versions]
        load.create_group(connection, paths, ids, [version.version for version in versions])
        landed = land_group(connection, reading, table, versions, load.GROUP, table.relation)
        if landed is None:
            return "flaw"
        entries = []
        for member, outcome in zip(members, landed, strict=True):
            described = {"encoding": member.plain.encoding, "compression": member.plain.compression}
            own = outcome.dialect | {key: value for key, value in described.items() if value}
            outcome = replace(outcome, dialect=own)
            version = member.extract.version
            if outcome.rows_in_file:
                unstamped = version if outcome.has_unstamped else None
                version = ledger.version_of(outcome.newest_stamp, unstamped)
            entries.append(
                self._entry(
                    member.extract,
                    member.sha256,
                    "loaded" if outcome.rows_in_file else "empty",
                    opened=(reading, outcome),
                    version=version,
                    rows_loaded=outcome.rows_in_file,
                )
            )
        load.create_group(connection, paths, ids, [e.version for e in entries], [e.batch for e in entries])
        if load.clashes(connection, table) or not all(member.extract.is_unchanged() for member in members):
            return "clash"
        ledger.forget_unsettled(connection, [entry.file for entry in entries])
        ledger.write(connection, entries)
        load.drop_scratch_tables(connection)
        return [_result(member.extract, entry) for member, entry in zip(members, entries, strict=True)]

    def handle(self, extract: Extract, *, has_flaw: bool = False) -> FileResult:
        """Settle one file; whatever happens, the warehouse is as before or holds the whole file.

        With `has_flaw` it is known that some row breaks the contract.
        """
        table = self.contracts.get((extract.source or "", extract.table))
        try:
            sha256 = extract.sha256()
        except FileNotFoundError:
            return self._left(extract, "it went away while it was read")
        except OSError as error:
            return self._note(extract, "", "rejected", _unopened(extract, error))
        known = self._known(extract, sha256, table)
        if known:
            return known
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

    def _known(self, extract: Extract, sha256: str, table: Table | None) -> FileResult | None:
        settled = ledger.entries(
            self.connection,
            f"file = ? and sha256 = ? and status in ({', '.join('?' for _ in ledger.SETTLED)})",
            [extract.file, sha256, *ledger.SETTLED],
        )
        if not settled or (settled[0].status == "ignored" and table is not None):
            return None
        if settled[0].status == "ignored":
            return FileResult(
                extract.file, extract.source, extract.table, "ignored", no_contract(extract, self.contracts)
            )
        return FileResult(extract.file, extract.source, extract.table, "unchanged")

    def _left(self, extract: Extract, reason: str) -> FileResult:
        error = f"{extract.file}: {reason}; left for the next run"
        return FileResult(extract.file, extract.source, extract.table, "changed", error)

    def _settle(self, extract: Extract, table: Table | None, sha256: str, has_flaw: bool) -> FileResult:
        if table is None:
            ledger.forget_unsettled(self.connection, [extract.file])
            return self._write(extract, sha256, "ignored", error=no_contract(extract, self.contracts))
        owners = ledger.entries(
            self.connection,
            "sha256 = ? and source = ? and table_name = ? and status = 'loaded'",
            [sha256, table.source, table.name],
        )
        if owners and not _takes_over(extract, owners[0], table):
            return self._duplicate(extract, table, owners[0])
        return self._load(extract, table, sha256, owners[0] if owners else None, has_flaw)

    def _load(self, extract: Extract, table: Table, sha256: str, owner: Entry | None, has_flaw: bool) -> FileResult:
        """Read, check and merge one file. `owner` is the same content under a name that counts for less."""
        connection = self.connection
        is_direct = owner is None and load.is_empty(connection, table)
        if not is_direct:
            load.create_landing(connection, table)
        target = table.relation if is_direct else load.LANDED
        # Landing may begin the transaction anew, so the scratch table must outlive a rollback.
        connection.commit()
        connection.begin()
        opened = read(connection, extract, table, _file_id(sha256), target, self.now, has_flaw=has_flaw)
        if not extract.is_unchanged():
            connection.rollback()
            connection.begin()
            return self._left(extract, "it changed while it was read")
        ledger.forget_unsettled(connection, [extract.file])
        if opened is None or not opened[1].rows_in_file:
            return self._write(extract, sha256, "empty", opened=opened)
        reading, landed = opened
        if owner:
            ledger.undo(connection, owner, table)
            self._handle_again(owner)
        version = ledger.version_of(landed.newest_stamp, extract.version if landed.has_unstamped else None)
        batch = extract.folder or version.isoformat()
        before = ledger.batch_version(connection, table, batch)
        merged = load.Merged()
        if not is_direct or not load.keep_direct(connection, table):
            merged = load.merge(connection, table, batch, max(before or version, version))
        result = self._write(
            extract,
            sha256,
            "loaded",
            opened=(reading, landed),
            version=version,
            rows_loaded=landed.rows_in_file - landed.rows_quarantined - merged.rows_duplicate,
            rows_quarantined=landed.rows_quarantined,
            rows_duplicate=merged.rows_duplicate,
            rows_superseded=merged.rows_superseded,
        )
        self._reopen(extract, table, batch, before, version)
        return result

    def _duplicate(self, extract: Extract, table: Table, owner: Entry) -> FileResult:
        ledger.forget_unsettled(self.connection, [extract.file])
        unstamped = extract.version if owner.unstamped_version else None
        version = ledger.version_of(owner.newest_stamp, unstamped)
        batch = extract.folder or version.isoformat()
        before = ledger.batch_version(self.connection, table, batch)
        entry = replace(
            owner,
            file=extract.file,
            version=version,
            batch=batch,
            loaded_at=self.now,
            status="duplicate",
            rows_loaded=0,
            rows_quarantined=0,
            rows_duplicate=owner.rows_in_file,
            rows_superseded=0,
            error=f"{extract.file}: same content as {owner.file}",
        )
        ledger.write(self.connection, [entry])
        self._reopen(extract, table, batch, before, version)
        return _result(extract, entry)

    def _reopen(self, raised_by: Extract, table: Table, batch: str, before: datetime | None, version: datetime) -> None:
        """Load the batch's losing rows anew once the batch became newer: they may win by now.

        It ends: the file that made the batch newer stays, so no file that is loaded anew can do so again.
        """
        if table.load_mode != "replace_window" or before is None or version <= before:
            return
        for entry in ledger.entries(
            self.connection,
            "source = ? and table_name = ? and batch = ? and file <> ? and status = 'loaded' and rows_superseded > 0",
            [table.source, table.name, batch, raised_by.file],
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

    def _write(
        self,
        extract: Extract,
        sha256: str,
        status: str,
        *,
        opened: tuple[Reading, Landed] | None = None,
        version: datetime | None = None,
        error: str | None = None,
        **rows: int,
    ) -> FileResult:
        entry = self._entry(extract, sha256, status, opened=opened, version=version, error=error, **rows)
        ledger.write(self.connection, [entry])
        return _result(extract, entry)

    def _entry(
        self,
        extract: Extract,
        sha256: str,
        status: str,
        *,
        opened: tuple[Reading, Landed] | None = None,
        version: datetime | None = None,
        error: str | None = None,
        **rows: int,
    ) -> Entry:
        reading, landed = opened or (None, None)
        version = version or extract.version
        dialect = dict(landed.dialect) if landed else {}
        if landed:
            named = "name" if extract.named_version else "modification time"
            dialect["version"] = "sync stamp" if landed.newest_stamp else named
            if landed.newest_stamp:
                dialect["newest_stamp"] = landed.newest_stamp.isoformat()
            if landed.has_unstamped:
                dialect["unstamped_version"] = extract.version.isoformat()
        return Entry(
            file_id=_file_id(sha256),
            source=extract.source,
            table_name=extract.table,
            file=extract.file,
            sha256=sha256,
            size_bytes=extract.size,
            format=reading.format if reading else None,
            dialect=dialect,
            version=version,
            batch=extract.folder or version.isoformat(),
            loaded_at=self.now,
            status=status,
            error=error,
            rows_in_file=landed.rows_in_file if landed else 0,
            newest_event_at=landed.newest_event_at if landed else None,
            unknown_columns=tuple(reading.mapping.unknown) if reading else (),
            **rows,
        )


def read(
    connection: duckdb.DuckDBPyConnection,
    extract: Extract,
    table: Table,
    file_id: int,
    target: str,
    now: datetime,
    *,
    has_flaw: bool = False,
) -> tuple[Reading, Landed] | None:
    """Open one file and land its rows; None when nothing is in it. With `has_flaw` the fast way is not tried."""
    version = FileVersion(table.source, table.name, extract.file, file_id, extract.version, now)
    with tempfile.TemporaryDirectory(prefix="funnelhouse-") as folder:
        scratch = Path(folder)
        local = extract.local(scratch)
        try:
            if extract.file == fx.FILE:
                reading: Reading | None = fx.open_history(local, table, scratch)
            else:
                reading = open_file(connection, plain(local, scratch), table)
            if reading is None:
                return None
            try:
                return reading, land(connection, reading, table, version, target, scratch, has_flaw=has_flaw)
            except OtherEncoding:
                connection.rollback()
                connection.begin()
                reading = open_file(connection, plain(local, scratch, encoding="cp1252"), table)
                assert reading is not None  # It held rows a moment ago.
                return reading, land(connection, reading, table, version, target, scratch)
        finally:
            # After an error the transaction is lost anyway, and with it these tables.
            with suppress(duckdb.TransactionException):
                landing.drop_scratch_tables(connection)


def _takes_over(extract: Extract, owner: Entry, table: Table) -> bool:
    """Whether this name of a content counts more than the one under which it was loaded.

    A content has the newest version that any of its names gives it; without this rule the result would hang
    on which name came first. Between equal versions the first name by path decides on the batch.
    """
    replaces = table.load_mode == "replace_window" and extract.file < owner.file
    if owner.unstamped_version is None:
        return replaces
    return extract.version > owner.unstamped_version or (extract.version == owner.unstamped_version and replaces)


def no_contract(extract: Extract, contracts: Contracts) -> str:
    """Why a file is ignored, with the names that would be known."""
    known = sorted(name for source, name in contracts if source == extract.source)
    if extract.source is None:
        return f"{extract.file}: it stands in no source folder; expected <source>/<table>.<ext>"
    if known:
        return (
            f"{extract.file}: no contract for {extract.source}/{extract.table};"
            f" tables of {extract.source} are {', '.join(known)}"
        )
    sources = ", ".join(sorted({source for source, _ in contracts}))
    return f"{extract.file}: no contract for a source {extract.source}; sources are {sources}"


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
