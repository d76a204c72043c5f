"""The step that finds structurally weak clusters."""

from __future__ import annotations

from leefraster.clusters.sensitivity import structural_sensitivity
from leefraster.clusters.structural import structural_clusters
from leefraster.pipeline.fields import TOTAL, unit_of
from leefraster.pipeline.work import Skipped, Work

MINIMUM_YEARS = 3


def find_structural(work: Work) -> None:
    """Find the clusters and add ``structural_*`` over `cell` to the data.

    Raises
    ------
    Skipped
        Without a grid, levels, dwellings or three measurement years.
    """
    data = work.data
    if unit_of(data) != "cell":
        raise Skipped("clusters are sought on a grid; this run is on areas")
    work.need("dwellings", for_="weighing places")
    if "level" not in data and not {"total", "reference"} <= set(data):
        raise Skipped("classes need a level, or a total and its national mean per year; neither is given")
    if data.sizes["year"] < MINIMUM_YEARS:
        raise Skipped(
            f"structure shows over {MINIMUM_YEARS} measurement years or more; there are {data.sizes['year']}"
        )
    spot = data.get("getis_ord_spot")
    work.structural = structural_clusters(
        data,
        work.configuration.structural.rule(),
        spot=None if spot is None else spot.sel(layer=TOTAL, drop=True).isel(year=-1, drop=True),
        names=work.area_names,
    )
    work.data = data.assign(_per_cell(work))


def find_sensitivity(work: Work) -> None:
    """Repeat the search under perturbed scores and moved thresholds; add what that says to the clusters.

    Raises
    ------
    Skipped
        Without clusters, or where no recomputations are asked for.
    """
    section = work.configuration.structural
    if work.structural is None:
        raise Skipped("no structural clusters were sought")
    if not section.recomputations:
        raise Skipped("no recomputations are asked for ([structural] recomputations = 0)")
    if not len(work.structural.table):
        raise Skipped("there are no structural clusters")
    found = structural_sensitivity(
        work.data,
        section.rule(),
        error=section.error(),
        recomputations=section.recomputations,
        seed=section.seed,
        progress=lambda done, whole: work.progress.advanced("sensitivity of clusters", done, whole),
    )
    work.structural = work.structural.with_sensitivity(found)
    work.sensitivity = found
    share = found.cells["weak_share"].reindex(cell=work.data["cell"].values).values.astype("float32")
    long_name = "share of recomputations under perturbed scores in which the cell is weak itself"
    attrs = {"long_name": long_name, "units": "1", "method": f"{section.error()}"}
    work.data = work.data.assign(structural_weak_share=(("cell",), share, attrs))


def _per_cell(work: Work) -> dict[str, tuple[tuple[str, ...], object, dict[str, str]]]:
    assert work.structural is not None
    cells, rule = work.structural.cells, work.structural.rule
    parts = {
        "structural_label": ("label", "int32", "number of the structural cluster, 0 for none"),
        "structural_bridge": ("bridge", "bool", "in a cluster only as a bridge between structural cells"),
        "structural_weak_years": ("weak_years", "int16", "measurement years under pressure"),
    }
    return {
        target: (
            ("cell",),
            cells[name].reindex(cell=work.data["cell"].values, fill_value=0).values.astype(kind),
            {
                "long_name": long,
                "units": "1",
                "method": f"{rule}",
                "neighbourhood": f"disc({rule.radius:g} m)",
            },
        )
        for target, (name, kind, long) in parts.items()
    }
