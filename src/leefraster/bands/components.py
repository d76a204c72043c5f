"""Connected groups of cells with one code, in bands: found in each, joined over the seams, numbered in order."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leefraster.bands.band import Band, cut
from leefraster.bands.on_disk import on_disk
from leefraster.bands.runner import Runner, chosen_runner
from leefraster.bands.scratch import scratch_folder
from leefraster.bands.sink import Sink, refuse_other_sinks
from leefraster.bands.source import BandedField
from leefraster.bands.work import refuse_others
from leefraster.errors import UsageError
from leefraster.kernels.components import components
from leefraster.kernels.rowruns import row_starts
from leefraster.neighbourhood import Neighbourhood

Ints = npt.NDArray[np.int64]
CELLS = 1 << 21


def components_by_band(
    codes: BandedField,
    neighbourhood: Neighbourhood,
    sink: Sink,
    *,
    minimum: int = 1,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
) -> Ints:
    """Number the connected groups of cells that share a code, of a field that need not fit in memory.

    Parameters
    ----------
    codes : BandedField
        Whole numbers; 0 (or below) is no group. Cells are joined where they have the same code and one lies in
        the other's neighbourhood.
    neighbourhood : Neighbourhood
        Queen, rook or disc.
    sink : Sink
        Takes `group`: 1, 2, ... in the order of each group's first cell, 0 for none.
    minimum : int
        Cells that a group must have to keep a number.
    cells, multiple, runner, scratch
        As in `local_moran_by_band`.

    Returns
    -------
    ndarray of int64
        The number of cells of each group, from 1 on; entry 0 is how many cells are in none.

    Raises
    ------
    UsageError
        When the codes are no BandedField of whole numbers, the neighbourhood is a ring, decays or is none, or
        `minimum` is no whole number of at least 1; when the sink is none, or has other arrays than `group`.

    Examples
    --------
    >>> import numpy as np, leefraster as lr
    >>> codes = np.array([1, 1, 0, 1, 0, 0, 3, 3, 1])  # three rows of three cells
    >>> field = lr.bands.BandedField.of(np.arange(9), codes, lr.Grid(0, 300, 3, 3))
    >>> group = np.zeros(9, np.int32)
    >>> sink = lr.bands.Arrays({"group": group})
    >>> lr.bands.components_by_band(field, lr.Neighbourhood.rook(), sink, cells=4).tolist()
    [3, 3, 2, 1]
    >>> group.tolist()
    [1, 1, 0, 1, 0, 0, 2, 2, 3]
    """
    refuse_others(codes, neighbourhood)
    if neighbourhood.kind in ("decay", "ring"):
        raise UsageError(
            f"groups are of queen, rook or disc neighbours, which are joined or not; given is {neighbourhood!r}. "
            "Take Neighbourhood.disc(metres) for all cells within a distance"
        )
    if isinstance(minimum, bool) or not isinstance(minimum, int | np.integer) or minimum < 1:
        raise UsageError(f"minimum is {minimum!r}; it must be a whole number: a group has at least 1 cell")
    if np.dtype(codes.values.dtype).kind not in "iub":
        raise UsageError(
            f"codes are {codes.values.dtype}; groups are of whole numbers, as those of clusters and spots"
        )
    refuse_other_sinks(sink, codes.n, ("group",))
    runs = neighbourhood.runs(codes.grid.cell)
    return joined_by_runs(
        codes, runs, sink, minimum=minimum, cells=cells, multiple=multiple, runner=runner, scratch=scratch
    )


def joined_by_runs(
    codes: BandedField,
    runs: Ints,
    sink: Sink,
    *,
    minimum: int = 1,
    cells: int = CELLS,
    multiple: int = 1,
    runner: Runner | None = None,
    scratch: str | Path | None = None,
) -> Ints:
    """Number the connected groups as `components_by_band` does, of any neighbourhood that is symmetric.

    Parameters
    ----------
    codes, sink, minimum, cells, multiple, runner, scratch
        As there.
    runs : ndarray of int64, shape (r, 3)
        Row runs (dy, lo, hi) of the cells that a cell is joined with.
    """
    runner = chosen_runner(runner)
    bands = cut(codes.starts, runs, cells, multiple)
    with scratch_folder(scratch) as folder:
        first = on_disk(Path(folder) / "first", np.int64, codes.n)
        seams: list[tuple[Ints, Ints]] = []
        for band, (own, halo, beyond) in zip(
            bands, runner.map(partial(_labelled, codes, runs), bands), strict=True
        ):
            first[band.first : band.last] = own
            seams.append((halo, beyond))
        numbers, sizes = _numbered(first, bands, seams, minimum)
        for band in bands:
            found = first[band.first : band.last]
            sink.write("group", band.first, numbers.of(found))
    return sizes


def _labelled(codes: BandedField, runs: Ints, band: Band) -> tuple[Ints, Ints, Ints]:
    """Return for each own cell the position of the first cell of its group here, -1 for none; and the seam.

    The seam are the cells of the halo above that are in a group, and the first cells of their groups: what the
    band before knows of them is the same group.
    """
    ids, values = codes.around(band)
    stop = band.core.stop  # what lies below is the next band's affair
    ids, values = ids[:stop], np.asarray(values[:stop])
    label = np.full(stop, -1, np.int64)
    rows, columns = np.divmod(ids, codes.grid.nx)
    for code in np.unique(values[values > 0]):
        member = np.flatnonzero(values == code)
        root = components(columns[member], row_starts(rows[member] - band.top, band.rows), runs)
        label[member] = band.begin + member[root]
    above = np.flatnonzero(label[: band.core.start] >= 0)
    return label[band.core], band.begin + above, label[above]


class _Numbers:
    """From the position of a group's first cell in its band to the number of the whole group."""

    def __init__(self, roots: Ints, number: npt.NDArray[np.int32]) -> None:
        self._roots, self._number = roots, number

    def of(self, first: Ints) -> npt.NDArray[np.int32]:
        """Return the numbers, 0 where there is no group."""
        out = np.zeros(first.size, np.int32)
        held = first >= 0
        out[held] = self._number[np.searchsorted(self._roots, first[held])]
        return out


def _numbered(
    first: Ints, bands: list[Band], seams: list[tuple[Ints, Ints]], minimum: int
) -> tuple[_Numbers, Ints]:
    """Join groups over the seams, and number those that are large enough."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found = [np.unique(first[band.first : band.last], return_counts=True) for band in bands]
    roots = np.unique(np.concatenate([part[0] for part in found] or [np.empty(0, np.int64)]))
    roots = roots[roots >= 0]
    count = np.zeros(roots.size, np.int64)
    for part, cells in found:
        kept = part >= 0
        count[np.searchsorted(roots, part[kept])] += cells[kept]
    halo = np.concatenate([np.empty(0, np.int64), *(seam[0] for seam in seams)])
    beyond = np.concatenate([np.empty(0, np.int64), *(seam[1] for seam in seams)])
    used = np.isin(beyond, roots)  # groups that lie in the halo only are the affair of the bands before
    one, other = np.searchsorted(roots, first[halo[used]]), np.searchsorted(roots, beyond[used])
    edges = coo_array((np.ones(one.size, np.int8), (one, other)), shape=(roots.size, roots.size))
    _, group = connected_components(edges, directed=False)
    earliest = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(earliest, group, roots)
    whole = np.bincount(group, weights=count, minlength=earliest.size).astype(np.int64)
    order = np.argsort(earliest, kind="stable")
    large = order[whole[order] >= minimum]
    number = np.zeros(earliest.size, np.int32)
    number[large] = np.arange(1, large.size + 1)
    in_none = int(first.size - whole[large].sum())
    return _Numbers(roots, number[group]), np.concatenate([[in_none], whole[large]])
