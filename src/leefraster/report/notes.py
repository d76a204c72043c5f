"""What a reader must know about the data before using a figure, with the counts of this run."""

from __future__ import annotations

import numpy as np

from leefraster.record import RunRecord
from leefraster.report.view import TOTAL, View
from leefraster.report.wording import DIMENSIONS, layer_name, share, whole

Note = tuple[str, str]


def is_demonstration(record: RunRecord) -> bool:
    """Whether the run was made on the generated demonstration country."""
    sections = [record.parameters.get("scores"), *record.parameters.get("layers", ())]
    readers = [section.get("reader") for section in sections if isinstance(section, dict)]
    return record.detection is not None or "demonstration" in readers


def model_of(record: RunRecord) -> str:
    """Return the model that the scores were made by, in words; "" when they were read."""
    facts = record.parameters.get("model")
    if not isinstance(facts, dict) or "version" not in facts:
        return ""
    said = "official by its own word" if facts.get("official") else "not official"
    return f"{facts['name']} {facts['version']} ({said})"


def notes(record: RunRecord, view: View) -> list[Note]:
    """Return the notes as (heading, text), the run's own remarks last."""
    found = [*_about_data(record, view), *_counts(view), *_about_statistics(record, view)]
    if record.structural is not None:
        found += _about_clusters()
    heads = ["Remarks of this run", *[""] * len(record.notes)]
    return found + list(zip(heads, record.notes, strict=False))


def _about_data(record: RunRecord, view: View) -> list[Note]:
    found: list[Note] = []
    if is_demonstration(record):
        found.append(
            (
                "Demonstration",
                "The country on these pages does not exist. It was generated to try the tool on; "
                "none of its figures says anything about a real place.",
            )
        )
    if set(view.layers) & (set(DIMENSIONS) - {TOTAL}):
        found += [
            (
                "A model's prediction",
                "The scores are a statistical prediction from characteristics of the surroundings. They are "
                "not the opinion of the residents of a cell, and no causal model: that a characteristic goes "
                "with a lower score does not mean that changing it would raise the score.",
            ),
            (
                "Neighbours are alike by construction",
                "Most indicators behind the scores are measured within 300 to 1,000 m of a cell, so "
                "neighbouring cells share much of what is measured. Part of the spatial autocorrelation, and "
                "of the size of hot and cold spots, comes from that.",
            ),
        ]
    return [*found, ("Not official", _not_official(view))]


def _not_official(view: View) -> str:
    text = "This report is a recomputation and no official publication."
    if view.has("level"):
        text += (
            " The cuts between classes were measured from the publication of 2024 and are not the official "
            "ones; they are levels, so a class means the same in every year."
        )
    return text


def _counts(view: View) -> list[Note]:
    found: list[Note] = []
    missing = _missing(view)
    if missing:
        found.append(("Missing values", missing))
    islands = _islands(view)
    if islands:
        found.append(("Islands", islands))
    edge = _thin_neighbourhoods(view)
    if edge:
        found.append(("Incomplete neighbourhoods", edge))
    return found


def _missing(view: View) -> str:
    parts = []
    many = "cells" if view.unit == "cell" else "areas"
    for layer in [TOTAL] if view.main == TOTAL else view.layers:
        year = view.latest(layer)
        values = None if year is None else view.base(layer, year)
        if values is None:
            parts.append(f"{layer_name(layer)}: no value in any year")
            continue
        count = int((~np.isfinite(np.asarray(values, dtype=float))).sum())
        parts.append(f"{layer_name(layer)}, {year}: {whole(count)} ({share(count / max(values.size, 1), 1)})")
    head = f"Of {whole(view.places)} {many} known in any year there is no value for "
    tail = " Missing is not zero; a place without a value is nobody's neighbour."
    return head + "; ".join(parts) + "." + tail if parts else ""


def _islands(view: View) -> str:
    layer = view.main
    year = view.latest(layer) if layer else None
    count = None if year is None else view.values("moran_islands", year=year, layer=layer)
    if count is None or not np.isfinite(float(count)):
        return ""
    many = "cells" if view.unit == "cell" else "areas"
    if float(count) == 0:
        return f"All {many} with a value had a neighbour with a value in {year}."
    return (
        f"{whole(float(count))} {many} had no neighbour with a value in {year}. They are left out of global "
        "Moran's I and can be part of no local cluster."
    )


def _thin_neighbourhoods(view: View) -> str:
    """Count who has less than half of the fullest neighbourhood, among those with a value."""
    year = view.latest(view.main) if view.main else None
    counts = None if year is None else view.values("neighbours", year=year, layer=view.main)
    base = None if year is None or view.main is None else view.base(view.main, year)
    if counts is None or base is None:
        return ""
    held = counts[np.isfinite(np.asarray(base, dtype=float))]
    full = int(held.max(initial=0))
    if full == 0:
        return ""
    thin = int((held * 2 < full).sum())
    many = "cells" if view.unit == "cell" else "areas"
    if thin == 0:
        return f"All {many} with a value had at least half of a full neighbourhood of {full} in {year}."
    return (
        f"{whole(thin)} of {whole(held.size)} {many} with a value ({share(thin / held.size, 1)}) had fewer "
        f"than half of a full neighbourhood of {full} in {year}. Their local statistics rest on few "
        "neighbours."
    )


def _about_statistics(record: RunRecord, view: View) -> list[Note]:
    if not (view.has("getis_ord_spot") or view.has("local_moran_cluster")):
        return []
    by_class = ": many a cold place is satisfactory by class" if view.has("level") else ""
    choosing = ", and never used to choose clusters" if record.structural is not None else ""
    return [
        (
            "What “cold” says",
            "A cold spot is a place where values are low together, more than chance would give if the values "
            "were shuffled over the map. With values as clustered as these, that says little more than below "
            f"the mean{by_class}. Hot and cold are therefore shown{choosing}, and no verdict by themselves.",
        ),
        (
            "Many tests at once",
            "Every place is a test. Probabilities are adjusted for the false discovery rate (Benjamini and "
            "Hochberg) within each year and layer.",
        ),
    ]


def _about_clusters() -> list[Note]:
    return [
        (
            "Gaps of selected clusters",
            "The clusters were chosen because their levels are low. Their gap to the country is therefore "
            "biased: part of it is chance that happened to be low, and some return towards the mean is to be "
            "expected without any policy.",
        ),
        (
            "A signal, no prescription",
            "The rule points out where levels stay low. It does not say why, nor what should be done, and it "
            "is not a list of focus areas.",
        ),
    ]
