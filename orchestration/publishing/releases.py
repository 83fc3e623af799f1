"""Release folders and the one symlink that says which of them is current.

Belongs here: names, clean-up, durability (fsync) and the exchange.
Does not belong here: what a release holds.
"""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

KEPT_RELEASES = 2
_DRAFT_PREFIX = ".draft-"


def new_draft(home: Path) -> Path:
    """A fresh folder for a release that is not complete yet; leftovers of crashed runs are removed."""
    releases = home / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    for leftover in [*releases.glob(f"{_DRAFT_PREFIX}*"), *home.glob(".published.*")]:
        if leftover.is_symlink():
            leftover.unlink()
        else:
            shutil.rmtree(leftover, ignore_errors=True)
    # Sorted by name is sorted by time; the random end keeps two clocks from meeting.
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    draft = releases / f"{_DRAFT_PREFIX}{stamp}-{secrets.token_hex(3)}"
    draft.mkdir()
    return draft


def exchange(home: Path, draft: Path) -> Path:
    """Make a finished draft the published release; returns its final folder.

    Everything is on disk before the link turns, and turning it is one rename: a reader, or a power cut,
    meets either the old release or the new one.

    Raises:
        OSError: the file system refused; the old release is still published.
    """
    _sync_tree(draft)
    release = draft.with_name(draft.name.removeprefix(_DRAFT_PREFIX))
    draft.rename(release)
    _sync(release.parent)
    link = home / f".published.{secrets.token_hex(4)}"
    link.symlink_to(Path("releases") / release.name, target_is_directory=True)
    link.replace(home / "published")
    _sync(home)
    return release


def remove_old(home: Path) -> None:
    """Keep the current release and the one before; readers of older ones keep the files they have open."""
    releases = home / "releases"
    current = (home / "published").resolve().name
    complete = sorted(p.name for p in releases.iterdir() if p.is_dir() and not p.name.startswith("."))
    older = [name for name in complete if name < current]
    kept = {current, *older[-(KEPT_RELEASES - 1) :]}
    for name in complete:
        if name not in kept:
            shutil.rmtree(releases / name, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder; 0 when it is absent."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
