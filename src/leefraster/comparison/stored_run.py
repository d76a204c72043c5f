"""A finished run as it is read back for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from leefraster.store import Store


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run's fields, tables and facts.

    Attributes
    ----------
    dataset : Dataset
        Fields and statistics; arrays are read when they are used.
    tables : dict of str to DataFrame
        ``clusters`` and others, where the run has them.
    facts : dict
        ``run_id``, ``title``, ``inputs``, ``parameters``, ``versions``, ...
    """

    dataset: xr.Dataset
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]

    @classmethod
    def of(cls, store: Store, run: str | int) -> StoredRun:
        """Read a run of a store, by its id, tag or position.

        Raises
        ------
        UsageError
            When the store has no such run.
        """
        return cls(store.read(run), store.tables(run), store.facts(run))

    @property
    def parameters(self) -> dict[str, Any]:
        """The configuration that the run was made with."""
        return dict(self.facts.get("parameters") or {})

    @property
    def versions(self) -> dict[str, str]:
        """Versions of code and libraries that the run was made with."""
        return dict(self.facts.get("versions") or {})

    @property
    def cuts(self) -> tuple[float, ...] | None:
        """Upper levels of the classes that the run used, None when it does not say."""
        levels = (self.parameters.get("cuts") or {}).get("levels")
        return tuple(levels) if levels else None
