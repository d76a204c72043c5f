"""CBS neighbourhoods (buurten), districts (wijken) and municipalities (gemeenten) as polygons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leefraster.areas.files import read_frame
from leefraster.areas.polygons import clean_polygons
from leefraster.crs import require_crs
from leefraster.errors import InputError
from leefraster.sources.files import existing
from leefraster.sources.longtable import table_columns

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# Level -> what its codes begin with, and the columns of codes and names in every generation of files.
LEVELS = {
    "neighbourhood": ("BU", ("buurtcode", "bu_code"), ("buurtnaam", "bu_naam")),
    "district": ("WK", ("wijkcode", "wk_code"), ("wijknaam", "wk_naam")),
    "municipality": ("GM", ("gemeentecode", "gm_code"), ("gemeentenaam", "gm_naam")),
}
WATER = "water"
LAND = "NEE"


def read_areas(
    path: str | Path,
    *,
    level: str | None = None,
    table: str | Path | None = None,
    layer: str | None = None,
    crs: str = "EPSG:28992",
    reproject: bool = False,
    keep_water: bool = False,
) -> gpd.GeoDataFrame:
    """Read the polygons of one level of CBS areas: land only, valid, in one stated CRS.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON, Shapefile or GeoParquet.
    level : {"neighbourhood", "district", "municipality"} or None
        The level; None takes the lowest one that the file has a column of codes for.
    table : path or None
        A table (Parquet or CSV) with code, name and `water`, where the polygons have only codes. Rows are
        matched by code; where codes repeat (a municipality and its water), the two files must list the same
        codes in the same order.
    layer : str or None
        Layer of a file that holds several, as ``"gemeenten"``.
    crs : str
        CRS that the result is in.
    reproject : bool
        Transform from the file's CRS where it is another one, which is refused otherwise.
    keep_water : bool
        Keep rows whose column `water` is not NEE (JA: water; B: abroad). By rule they are left out and counted:
        they are no neighbourhoods, and repeat the codes of those on land.

    Returns
    -------
    GeoDataFrame
        Columns `code`, `name` ("" where there is none), `level`, `geometry`, sorted by code. Its ``attrs``:
        `source`, `rows`, `water_left_out`, `repaired` (polygons whose rings were invalid), and
        `reprojected_from` ("" when it was not).

    Raises
    ------
    UsageError
        When the level is not one of those allowed.
    InputError
        When a file is absent or damaged, there is no column of codes, a code is missing, of another level or occurs
        twice, the CRS is absent or another one, or an area has no surface.

    Examples
    --------
    >>> import tempfile, pathlib, geopandas, shapely
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "areas.geojson"
    >>> columns = {"buurtcode": ["BU00010001", "BU00010002"], "buurtnaam": ["Dorp", "Meer"],
    ...            "water": ["NEE", "JA"]}
    >>> boxes = [shapely.box(0, 4e5, 100, 4.1e5), shapely.box(100, 4e5, 200, 4.1e5)]
    >>> frame = geopandas.GeoDataFrame(columns, crs="EPSG:28992", geometry=boxes)
    >>> frame.to_file(file)
    >>> areas = read_areas(file)
    >>> areas["name"].tolist(), areas.attrs["water_left_out"]
    (['Dorp'], 1)
    """
    file = existing(path)
    frame = read_frame(file, layer)
    chosen = _level(frame, level, str(file))
    code = _column(frame, LEVELS[chosen][1])
    assert code is not None
    if table is not None:
        frame = _with_table(frame, existing(table), code, chosen, str(file))
    rows, frame, water = len(frame), *_on_land(frame, keep_water, str(file))
    _require_level(frame[code], chosen, code, str(file))
    former = _crs(frame, crs, reproject, str(file))
    cleaned = clean_polygons(
        frame,
        code=code,
        name=_column(frame, LEVELS[chosen][2]),
        level=None,
        to_crs=crs if former else None,
        leave_out={},
        source=str(file),
    )
    found = cleaned.frame.assign(level=chosen)
    found.attrs = {
        "source": file.name,
        "rows": rows,
        "water_left_out": water,
        "repaired": cleaned.repaired,
        "reprojected_from": former,
    }
    return found


def _level(frame: gpd.GeoDataFrame, wanted: str | None, source: str) -> str:
    from leefraster.statistics.plan import one_of

    if wanted is not None:
        one_of("level", wanted, tuple(LEVELS))
    found = [name for name, (_, codes, _) in LEVELS.items() if _column(frame, codes)]
    if wanted in found or (wanted is None and found):
        return wanted or found[0]
    sought = LEVELS[wanted][1] if wanted else tuple(codes[0] for _, codes, _ in LEVELS.values())
    raise InputError(
        f"{source}: has no column of {wanted or 'area'} codes ({', '.join(sought)}); it has "
        f"{', '.join(str(name) for name in frame.columns)}"
    )


def _column(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    folded = {str(name).strip().casefold(): str(name) for name in frame.columns}
    return next((folded[name] for name in names if name in folded), None)


def _with_table(frame: gpd.GeoDataFrame, file: Path, code: str, level: str, source: str) -> gpd.GeoDataFrame:
    """Return the polygons with name and water out of a table of the same areas."""
    given = _read_table(file, level)
    own = frame[code].astype(str).str.strip().to_numpy()
    theirs = given["code"].astype(str).str.strip().to_numpy()
    if np.array_equal(own, theirs):
        matched = given
    elif given["code"].is_unique:
        absent = sorted(set(own) - set(theirs))
        if absent:
            raise InputError(
                f"{file}: has no row for {len(absent)} of the areas in {source}, first {', '.join(absent[:10])}"
            )
        matched = given.set_index("code").loc[own]
    else:
        twice = given["code"][given["code"].duplicated()].unique()
        raise InputError(
            f"{file}: {twice.size} codes occur more than once, first {', '.join(twice[:5])}, and the rows are not "
            f"those of {source} in the same order, so that they cannot be matched"
        )
    names = {"name": LEVELS[level][2][0], WATER: WATER}
    columns = {names[name]: matched[name].to_numpy() for name in names if name in matched}
    return frame.assign(**columns)


def _read_table(file: Path, level: str) -> pd.DataFrame:
    import pandas as pd

    from leefraster.sources.files import FileOptions
    from leefraster.sources.longtable import Keys, read_long

    names = {name.strip().casefold(): name for name in table_columns(file)}
    _, codes, titles = LEVELS[level]
    wanted = {"code": codes, "name": titles, WATER: (WATER,)}
    words = {
        role: next((names[name] for name in known if name in names), None) for role, known in wanted.items()
    }
    if words["code"] is None:
        raise InputError(f"{file}: has no column of {level} codes ({', '.join(codes)})")
    read = {role: column for role, column in words.items() if column is not None}
    long = read_long(file, Keys(code=words["code"]), {}, grid=None, words=read, options=FileOptions())
    return pd.DataFrame({role: text.each().astype(object) for role, text in long.words.items()})


def _on_land(frame: gpd.GeoDataFrame, keep: bool, source: str) -> tuple[gpd.GeoDataFrame, int]:
    column = _column(frame, (WATER,))
    if column is None or keep:
        return frame, 0
    says = frame[column].astype(str).str.strip().str.upper()
    odd = sorted(set(says) - {LAND, "JA", "B"})
    if odd:
        raise InputError(f"{source}: column {column!r} holds {', '.join(odd[:5])}; known are NEE, JA and B")
    land = (says == LAND).to_numpy()
    return frame[land], int((~land).sum())


def _require_level(codes: Any, level: str, column: str, source: str) -> None:
    start = LEVELS[level][0]
    text = codes.astype(str).str.strip().str.upper()
    wrong = text[~text.str.startswith(start)]
    if len(wrong):
        raise InputError(
            f"{source}: {len(wrong)} of {len(text)} codes in {column!r} do not begin with {start}, as those of a "
            f"{level} do; first {wrong.iloc[0]!r}"
        )


def _crs(frame: gpd.GeoDataFrame, wanted: str, reproject: bool, source: str) -> str:
    """Return the CRS that the polygons must be transformed from; "" when they are in the wanted one."""
    from leefraster.crs import same_horizontal

    if frame.crs is not None and same_horizontal(frame.crs, wanted):
        return ""
    if frame.crs is None or not reproject:
        try:
            require_crs(frame.crs, wanted, source)
        except InputError as error:
            hint = "" if frame.crs is None else " Or let it be transformed here: reproject=True"
            raise InputError(f"{error}.{hint}".replace("..", ".")) from None
    return str(frame.crs.to_string())
