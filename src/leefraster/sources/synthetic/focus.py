"""Programme areas as a government would draw them: most around planted clusters, some elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leefraster.sources.synthetic.geography import Geography
from leefraster.sources.synthetic.names import names
from leefraster.sources.synthetic.planting import COLD, TRANSIENT, Effect
from leefraster.sources.synthetic.streams import stream

if TYPE_CHECKING:
    import geopandas as gpd

_ON_CLUSTERS = 0.8  # part of the clusters that got an area; the others were missed


def focus_areas(seed: int, geography: Geography, effects: list[Effect]) -> gpd.GeoDataFrame:
    """Return the areas: code, name, geometry. They are wider than the clusters and do not quite fit them."""
    import geopandas as gpd
    import shapely

    random = stream(seed, "focus")
    clusters = [effect for effect in effects if effect.kind == "structural"]
    others = [effect for effect in effects if effect.kind in (COLD, TRANSIENT)]
    known = sorted(random.choice(len(clusters), size=round(_ON_CLUSTERS * len(clusters)), replace=False))
    missed = min(len(others), max(1, len(clusters) - len(known))) if clusters else 0
    elsewhere = sorted(random.choice(len(others), size=missed, replace=False))
    drawn = []
    for effect in [clusters[k] for k in known] + [others[k] for k in elsewhere]:
        x, y = geography.x[effect.site.cells], geography.y[effect.site.cells]
        hull = shapely.convex_hull(shapely.multipoints(np.stack([x, y], axis=1)))
        shift = random.normal(0, 150, size=2)
        area = shapely.transform(hull, lambda points, shift=shift: points + shift)
        drawn.append(shapely.simplify(shapely.buffer(area, random.uniform(200, 800)), 40))
    codes = [f"FA{number:02d}" for number in range(1, len(drawn) + 1)]
    columns = {"code": codes, "name": names(random, len(drawn))}
    return gpd.GeoDataFrame(columns, geometry=drawn, crs=geography.grid.crs)
