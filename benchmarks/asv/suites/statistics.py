"""Times and peak memory of the statistics as they are called; compiled and loaded in `setup`."""

from __future__ import annotations

import leefraster as lr

from .fields import made_field

NEIGHBOURHOODS = {"queen": lr.Neighbourhood.queen(), "disc": lr.Neighbourhood.disc(1_000)}


class Local:
    """Exact local statistics."""

    param_names = ("cells", "neighbourhood")
    params = ([100_000, 1_000_000], ["queen", "disc"])
    timeout = 120

    def setup(self, cells: int, neighbourhood: str) -> None:
        """Make the field, and run both once."""
        self.field, self.neighbourhood = made_field(cells), NEIGHBOURHOODS[neighbourhood]
        self.time_local_moran()
        self.time_getis_ord()

    def time_local_moran(self, *_: object) -> None:
        """Local Moran's I with all outputs."""
        lr.local_moran(self.field, self.neighbourhood)

    def time_getis_ord(self, *_: object) -> None:
        """G* with all outputs."""
        lr.getis_ord(self.field, self.neighbourhood)

    def peakmem_local_moran(self, *_: object) -> None:
        """Peak memory of the process, libraries included."""
        lr.local_moran(self.field, self.neighbourhood)


class Global:
    """Global statistics and sums over discs."""

    param_names = ("cells",)
    params = ([100_000, 1_000_000],)

    def setup(self, cells: int) -> None:
        """Make the field, and run each once."""
        self.field = made_field(cells)
        for work in (self.time_moran, self.time_geary, self.time_focal_sum):
            work()

    def time_moran(self, *_: int) -> None:
        """Global Moran's I with its p."""
        lr.moran(self.field, NEIGHBOURHOODS["queen"])

    def time_geary(self, *_: int) -> None:
        """Global Geary's C with its p."""
        lr.geary(self.field, NEIGHBOURHOODS["queen"])

    def time_focal_sum(self, *_: int) -> None:
        """Sums over discs of 1 km."""
        lr.focal_sum(self.field, 1_000)
