"""What the local statistics share: their options, and how results of a test are described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from leefraster.statistics.plan import provenance

if TYPE_CHECKING:
    import xarray as xr

Alternative = Literal["two-sided", "greater", "less"]
Adjustment = Literal["benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none"]
Family = Literal["field", "all"]

_ADJUSTED = {
    "benjamini-hochberg": "p adjusted for the false-discovery rate (Benjamini-Hochberg)",
    "benjamini-yekutieli": "p adjusted for the false-discovery rate under any dependence (Benjamini-Yekutieli)",
    "bonferroni": "p adjusted for the chance of one false rejection (Bonferroni)",
    "none": "p, not adjusted",
}


def about_p_and_q(adjustment: str, family: str) -> dict[str, dict[str, Any]]:
    """Return the attributes of `p` and `q`."""
    over = " over all fields" if family == "all" and adjustment != "none" else ""
    return {
        "p": {"long_name": "p-value, ties included", "units": "1"},
        "q": {"long_name": _ADJUSTED[adjustment] + over, "units": "1"},
    }


def local_provenance(
    statistic: str,
    neighbourhood: Any,
    inference: str,
    permutations: int,
    seed: int,
    partners: dict[str, xr.DataArray | None],
    **options: Any,
) -> dict[str, Any]:
    """Return the attributes of a result: the options that had a part in it, and the names of other inputs."""
    drawn = {"permutations": permutations, "seed": seed} if inference == "permutation" else {}
    named = {key: str(data.name or "given") for key, data in partners.items() if data is not None}
    return provenance(statistic, neighbourhood, inference=inference, **drawn, **named, **options)
