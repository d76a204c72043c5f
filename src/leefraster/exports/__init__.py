"""Results for other programs: GeoPackage, GeoParquet, cloud-optimised GeoTIFF, netCDF, CSV, Excel and R."""

from leefraster.exports.export import export
from leefraster.exports.exports import FORMATS, USUAL, write_exports

__all__ = ["FORMATS", "USUAL", "export", "write_exports"]
