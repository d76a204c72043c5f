"""Real neighbourhoods of 2024: the share of dwellings in class 4 or lower around Rotterdam, and question (c)."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import leefraster as lr
from leefraster.scoring.cuts import read_cuts

pytestmark = pytest.mark.real_data

WEAK = (1, 2, 3, 4)
DIMENSIONS = ["won", "fys", "vrz", "soc", "onv"]


@pytest.fixture
def buurten(shared_data):
    """Return the published scores of 2024, one row a neighbourhood."""
    return pd.read_csv(shared_data / "lbm_buurten_2024" / "buurten_2024.csv").set_index("bu_code")


@pytest.fixture
def dwellings(shared_data):
    """Return the dwellings of the neighbourhoods around Rotterdam; water and suppressed numbers are none."""
    table = pd.read_parquet(
        shared_data / "cbs_100m_rijnmond_2024" / "buurt_2024_stats.parquet",
        columns=["buurtcode", "water", "woningvoorraad"],
    )
    known = table[(table["water"] == "NEE") & (table["woningvoorraad"] >= 0)]
    return known.set_index("buurtcode")["woningvoorraad"].astype(float)


def scores_of(buurten):
    """Return the table as scores over areas, with codes of municipality and district."""
    codes = buurten.index.to_numpy()
    return xr.Dataset(
        {
            "total": (("year", "area"), buurten["afw"].to_numpy()[None]),
            "score": (("year", "dimension", "area"), buurten[DIMENSIONS].to_numpy().T[None]),
            "reference": ("year", [read_cuts(2024).reference]),
            "municipality": ("area", [f"GM{code[2:6]}" for code in codes]),
            "district": ("area", [f"WK{code[2:8]}" for code in codes]),
        },
        coords={"year": [2024], "dimension": DIMENSIONS, "area": codes},
    )


def with_dwellings(buurten, dwellings):
    scores = scores_of(buurten)
    known = np.isin(scores["area"].values, dwellings.index)
    chosen = scores.isel(area=known)
    return chosen.assign(dwellings=("area", dwellings[chosen["area"].values].to_numpy()))


def test_the_share_of_dwellings_in_class_four_or_lower(buurten, dwellings):
    scores = with_dwellings(buurten, dwellings)
    assert scores.sizes["area"] == 509
    classes = lr.classify((scores["total"] + scores["reference"]).sel(year=2024))
    assert classes.values.tolist() == buurten.loc[scores["area"].values, "kscore"].tolist()
    region = xr.full_like(scores["municipality"], "Rijnmond")
    share = lr.aggregate(classes, region, weight=scores["dwellings"], how="share", classes=WEAK)
    assert f"{float(share[0]):.1%}" == "22.2%"
    joined = buurten.join(dwellings, how="inner")
    by_hand = joined["woningvoorraad"][joined["kscore"] <= 4].sum() / joined["woningvoorraad"].sum()
    assert float(share[0]) == pytest.approx(by_hand, rel=1e-12)
    every_neighbourhood_alike = float(lr.aggregate(classes, region, how="share", classes=WEAK)[0])
    assert abs(every_neighbourhood_alike - by_hand) > 0.02


def test_the_share_of_municipalities_adds_up_to_that_of_the_region(buurten, dwellings):
    scores = with_dwellings(buurten, dwellings)
    classes = lr.classify((scores["total"] + scores["reference"]).sel(year=2024))
    by_municipality = lr.aggregate(
        classes, scores["municipality"], weight=scores["dwellings"], how="share", classes=WEAK
    )
    weight = lr.aggregate(scores["dwellings"], scores["municipality"], how="sum")
    whole = float((by_municipality * weight).sum() / weight.sum())
    assert f"{whole:.1%}" == "22.2%"
    joined = buurten.join(dwellings, how="inner")
    joined["weak"] = joined["woningvoorraad"] * (joined["kscore"] <= 4)
    sums = joined.groupby(joined.index.str[2:6])[["weak", "woningvoorraad"]].sum()
    expected = sums["weak"] / sums["woningvoorraad"]
    np.testing.assert_allclose(by_municipality.values, expected.to_numpy(), rtol=1e-12)
    highest = by_municipality["area"].values[by_municipality.values.argmax()]
    assert highest == f"GM{expected.idxmax()}"


def test_the_neighbourhoods_have_polygons_that_hold_their_points(shared_data, buurten, dwellings):
    file = shared_data / "lbm_buurten_2024" / "28.geojson"
    areas = lr.Areas.read(file, code="code", name="naam", level="neighbourhood", to_crs="EPSG:28992")
    codes = buurten.index.intersection(dwellings.index)
    chosen = areas.select(codes)
    assert chosen.codes.tolist() == sorted(codes)
    points = gpd.points_from_xy(buurten.loc[chosen.codes, "rd_x"], buurten.loc[chosen.codes, "rd_y"])
    assert chosen.frame.geometry.buffer(1).contains(gpd.GeoSeries(points, crs="EPSG:28992")).all()


def test_averages_hide_large_differences_in_the_whole_country(buurten):
    answer = lr.questions.spread(scores_of(buurten), weights=None)
    assert answer.verdict == "holds"
    shares = answer.table.set_index("level")["share"]
    assert shares.index.tolist() == ["municipality", "district", "within"]
    municipality = buurten.index.str[2:6]
    means = buurten["afw"].groupby(municipality).transform("mean")
    between = ((means - buurten["afw"].mean()) ** 2).mean() / buurten["afw"].var(ddof=0)
    assert shares["municipality"] == pytest.approx(between, rel=1e-9)
    assert shares.round(2).tolist() == [0.24, 0.42, 0.33]
    assert "76 procent van de verschillen in score binnen gemeenten" in answer.sentence["nl"]
    amenities = answer.details["dimensions"].set_index("dimension")["municipality"]
    assert amenities.idxmax() == "vrz"


def test_averages_hide_large_differences_around_rotterdam(buurten, dwellings):
    scores = with_dwellings(buurten, dwellings)
    answer = lr.questions.spread(scores)
    assert answer.verdict == "holds"
    joined = buurten.join(dwellings, how="inner")
    weight, value = joined["woningvoorraad"], joined["afw"]
    mean = np.average(value, weights=weight)
    of = joined.index.str[2:6]
    means = (value * weight).groupby(of).transform("sum") / weight.groupby(of).transform("sum")
    between = np.average((means - mean) ** 2, weights=weight) / np.average(
        (value - mean) ** 2, weights=weight
    )
    assert answer.table["share"][0] == pytest.approx(between, rel=1e-9)
