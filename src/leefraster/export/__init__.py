"""Results for other programs: GeoPackage, GeoParquet, cloud-optimised GeoTIFF and CSV."""

from leefraster.export.exports import write_exports

__all__ = ["write_exports"]
