"""Make spdep_values.json anew: needs R with spdep and jsonlite, and the public data for the real squares.

.venv/bin/python tests/parity/make_spdep_values.py [FOLDER OF THE PUBLIC DATA]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from conftest import SHARED_DATA  # noqa: E402
from parity_sets import EXAMPLES, ParitySet, example, holes, squares  # noqa: E402

PLACES = 30  # of local results, evenly spread, as many as are kept


def main(data: Path) -> None:
    sets = {name: example(name) for name in EXAMPLES} | {"holes": holes(), "squares": squares(data)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for key, one in sets.items():
            write(one, folder, key)
        subprocess.run(["Rscript", str(HERE / "spdep_values.R"), name], check=True)
        out = {"versions": json.loads((folder / "versions.json").read_text())}
        for key, one in sets.items():
            found = json.loads((folder / f"{key}.json").read_text())
            places = kept(one.field.size)
            out[key] = {"n": one.field.size, "places": places.tolist(), **thin(found, places, one.field.size)}
    text = json.dumps(out, indent=None, separators=(",", ":")).replace('},"', '},\n"')
    (HERE / "spdep_values.json").write_text(text + "\n")


def write(one: ParitySet, folder: Path, key: str) -> None:
    values = {"x": one.field.values, "y": one.other.values, "high": one.high}
    pd.DataFrame(values).to_csv(folder / f"{key}.values.csv", index=False, float_format="%.17g")
    focal, near = one.pairs()
    pd.DataFrame({"i": focal, "j": near}).to_csv(folder / f"{key}.pairs.csv", index=False)


def kept(n: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, PLACES).astype(int))


def thin(found: object, places: np.ndarray, n: int) -> object:
    """Keep of every list the values at the places."""
    if isinstance(found, dict):
        return {key: thin(value, places, n) for key, value in found.items()}
    if isinstance(found, list):
        assert len(found) == n
        return [found[i] for i in places]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA)
