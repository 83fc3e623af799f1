"""Which files stand in the extracts folder, and what their place and name say.

Belongs here: listing (local or any fsspec URL), what is skipped, source, table, version and batch of a file,
its content hash and a local copy of it. Does not belong here: what is inside a file (`formats`, `dialect`).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import url_to_fs

from orchestration.ingestion.headers import normalise

_SKIPPED_NAMES = frozenset({"thumbs.db", "desktop.ini", "_success"})
_SKIPPED_ENDINGS = (".tmp", ".part", ".partial", ".crdownload", ".swp", ".md", "~")
_CHUNK = 1 << 22
# Extras of this package by URL scheme.
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "azure", "abfs": "azure", "abfss": "azure"}

# 2024-05-01, 2024_05_01, 2024/05/01 or 20240501, with or without a time behind it.
_DATE = re.compile(
    r"(?<!\d)(20\d{2}|19\d{2})([-_./]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:[T_ -]?([01]\d|2[0-3])[-_:h]?([0-5]\d)(?:[-_:m]?([0-5]\d))?Z?(?![\d-]))?(?!\d)"
)


class ExtractsNotFound(ValueError):
    """The extracts folder does not exist."""


@dataclass(frozen=True)
class Extract:
    """One file of the extracts.

    Attributes:
        file: path below the extracts root, with forward slashes.
        source: first folder of the path; None for a file that stands at the root.
        table: name of the table that the place stands for.
        folder: subfolder below the table, or an empty text.
        location: path for the file system.
        size: bytes.
        modified: modification time in UTC, without zone; None where the store does not tell.
        filesystem: fsspec file system of a remote file, None for a local one.
        own_version: version that is known from elsewhere than name and time.
        copy: local copy of a remote file's content, once it was fetched.
    """

    file: str
    source: str | None
    table: str
    folder: str
    location: str
    size: int
    modified: datetime | None
    filesystem: Any = None
    own_version: datetime | None = None
    copy: Path | None = None

    @property
    def version(self) -> datetime:
        """Version by name: the newest date in the file's name, else in its folder, else its modification
        time.
        """
        return self.named_version or self.modified or datetime(1970, 1, 1)

    @property
    def named_version(self) -> datetime | None:
        """The version, unless only the modification time tells it."""
        name = self.file.rsplit("/", 1)[-1]
        return self.own_version or newest_date(name) or newest_date(self.folder)

    @property
    def version_is_from(self) -> str:
        """What tells the version."""
        return "name" if self.named_version else "modification time"

    def is_unchanged(self) -> bool:
        """Whether size and modification time are still those that were listed."""
        try:
            if self.filesystem is None:
                state: tuple[int, datetime | None] = local_state(Path(self.location))
            else:
                self.filesystem.invalidate_cache()
                state = _remote_state(self.filesystem.info(self.location))
        except OSError:
            return False
        return state == (self.size, self.modified)

    def fetched(self, scratch: Path) -> Extract:
        """The same with its content at hand: a remote file is copied into the scratch folder, once."""
        if self.filesystem is None or self.copy is not None:
            return self
        copy = scratch / "remote"
        with self.filesystem.open(self.location) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        return replace(self, copy=copy)

    @property
    def path(self) -> Path:
        """Local path of the content; a remote file must have been fetched."""
        if self.filesystem is None:
            return Path(self.location)
        if self.copy is None:
            raise ValueError(f"{self.file} was not fetched")
        return self.copy

    def sha256(self) -> str:
        """Hash of the whole content at hand."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def newest_date(text: str) -> datetime | None:
    """The newest date (with its time, if any) that is written in a name."""
    dates = []
    for year, _, month, day, hour, minute, second in _DATE.findall(text):
        try:
            dates.append(datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)))
        except ValueError:  # 30 February is no date.
            continue
    return max(dates, default=None)


def list_extracts(extracts: str) -> list[Extract]:
    """All files below the folder or URL, sorted by path, without hidden, temporary and documentation files.

    Raises:
        ExtractsNotFound: there is no such folder.
    """
    if "://" in extracts and not extracts.startswith("file://"):
        return sorted(_list_remote(extracts), key=lambda extract: extract.file)
    root = Path(extracts.removeprefix("file://")).expanduser()
    if not root.is_dir():
        raise ExtractsNotFound(
            f"extracts folder not found: {extracts}. Expected a folder with <source>/<table>.<ext> files,"
            " such as crm/people.csv; give its path with --extracts."
        )
    found = []
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith((".", "~$"))]
        for name in names:
            path = Path(folder, name)
            file = path.relative_to(root).as_posix()
            if not is_skipped(file):
                try:
                    size, modified = local_state(path)
                except OSError:  # Gone since it was listed, or a broken link.
                    continue
                found.append(_extract(file, str(path), size, modified, None))
    return sorted(found, key=lambda extract: extract.file)


def recognised(extracts: Iterable[Extract], known: Collection[tuple[str, str]]) -> list[Extract]:
    """The same files, with source and table as the contracts spell them.

    Connectors write one name in several ways: `lead_history`, `LeadHistory` and `leadhistory` are one table.
    """
    spelt = {(normalise(source), normalise(name)): (source, name) for source, name in sorted(known)}
    found = []
    for extract in extracts:
        place = (extract.source or "", extract.table)
        if place not in known:
            source, table = spelt.get((normalise(place[0]), normalise(place[1])), (extract.source, extract.table))
            extract = replace(extract, source=source, table=table)
        found.append(extract)
    return found


def is_skipped(file: str) -> bool:
    """Whether a file is none of the extracts: hidden, temporary, a lock, or documentation."""
    parts = file.split("/")
    name = parts[-1].lower()
    hidden = any(part.startswith((".", "~$")) for part in parts)
    return hidden or name in _SKIPPED_NAMES or name.endswith(_SKIPPED_ENDINGS)


def _list_remote(extracts: str) -> Iterator[Extract]:
    try:
        filesystem, root = url_to_fs(extracts)
    except ImportError as error:
        scheme = extracts.partition("://")[0]
        raise ExtractsNotFound(
            f"extracts cannot be read: {scheme}:// needs a library that is not installed ({error}). Install it with"
            f" pip install '.[{_EXTRAS.get(scheme, scheme)}]' in the repository."
        ) from error
    except ValueError as error:
        raise ExtractsNotFound(f"extracts folder not found: {extracts}. {error}.") from error
    filesystem.invalidate_cache()
    try:
        is_there = filesystem.isdir(root)
        listed = filesystem.find(root, detail=True) if is_there else {}
    except Exception as error:  # Each store has exceptions of its own.
        raise ExtractsNotFound(f"extracts folder {extracts} cannot be listed: {error}") from error
    if not is_there:
        raise ExtractsNotFound(
            f"extracts folder not found: {extracts}. Expected a folder with <source>/<table>.<ext> files."
        )
    prefix = root.rstrip("/") + "/"
    for location, info in listed.items():
        file = location.removeprefix(prefix)
        if not is_skipped(file):
            size, modified = _remote_state(info)
            yield _extract(file, location, size, modified, filesystem)


def _extract(
    file: str,
    location: str,
    size: int,
    modified: datetime | None,
    filesystem: fsspec.AbstractFileSystem | None,
) -> Extract:
    parts = file.split("/")
    source = parts[0] if len(parts) > 1 else None
    table = parts[1] if len(parts) > 2 else parts[-1].split(".")[0]
    return Extract(file, source, table, "/".join(parts[2:-1]), location, size, modified, filesystem)


def local_state(path: Path) -> tuple[int, datetime]:
    """Size in bytes and modification time (UTC, without zone) of a local file."""
    state = path.stat()
    return state.st_size, datetime.fromtimestamp(state.st_mtime, UTC).replace(tzinfo=None)


def _remote_state(info: dict[str, Any]) -> tuple[int, datetime | None]:
    names = ("mtime", "LastModified", "last_modified", "updated", "created")
    moment = next((info[name] for name in names if info.get(name)), None)
    if isinstance(moment, int | float):
        moment = datetime.fromtimestamp(moment, UTC)
    elif isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return int(info.get("size") or 0), moment
