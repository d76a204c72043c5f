"""Where a store lies: local disk, or a network drive or synchronised folder that may not keep locks."""

from __future__ import annotations

from pathlib import Path

from leefraster.errors import LeefrasterWarning

_REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "sshfs",
    "fuse.",
    "afp",
    "webdav",
    "davfs",
    "glusterfs",
    "ceph",
    "lustre",
)
_SYNCED = (
    "OneDrive",
    "Dropbox",
    "Google Drive",
    "GoogleDrive",
    "iCloud",
    "Nextcloud",
    "ownCloud",
    "SURFdrive",
)


class StorePlaceWarning(LeefrasterWarning):
    """The store lies where locks or half-copied files can harm it."""


def doubtful_place(folder: Path) -> str | None:
    """Return why the folder is a doubtful place for a store, None when it is not."""
    parts = folder.resolve().parts
    synced = next((name for part in parts for name in _SYNCED if part.lower().startswith(name.lower())), None)
    if synced:
        return (
            f"store {folder}: lies in a synchronised folder ({synced}), which can copy a store half written"
        )
    kind = _filesystem(folder.resolve())
    if kind.startswith(_REMOTE):
        return f"store {folder}: lies on a network or shared drive ({kind}), where locks may fail"
    return None


def _filesystem(folder: Path) -> str:
    import psutil

    mounts = {Path(part.mountpoint): str(part.fstype) for part in psutil.disk_partitions(all=True)}
    return next((mounts[place] for place in (folder, *folder.parents) if place in mounts), "")
