"""A script by which R reads an export: tables with their types, codes as factors, maps through sf and terra."""

from __future__ import annotations

from collections.abc import Sequence

from leefraster.exports.styles import Style, class_style, cluster_style, spot_style

SCRIPT = "read.R"

_HEAD = """# Reads this folder into R. Packages sf (maps) and terra (rasters) are needed only by the functions that
# use them. Usage:  source("read.R", chdir = TRUE); cells <- read_cells(); clusters <- read_clusters()

.here <- if (exists(".here")) .here else getwd()

.factor_of <- function(x, values, labels) factor(x, levels = values, labels = labels)

.coded <- function(table) {
  for (name in intersect(names(.codes), names(table)))
    table[[name]] <- .factor_of(table[[name]], .codes[[name]]$values, .codes[[name]]$labels)
  table
}

# A table as a data frame: text stays text (also codes such as "0599"), codes become factors.
read_table <- function(name) {
  file <- file.path(.here, paste0(name, ".csv"))
  head <- strsplit(gsub('"', "", readLines(file, n = 1, encoding = "UTF-8")), ",")[[1]]
  types <- ifelse(head %in% .text, "character", NA)
  .coded(read.csv(file, colClasses = types, encoding = "UTF-8", check.names = FALSE, na.strings = ""))
}
"""


def r_script(cells: str | None, clusters: str | None, rasters: Sequence[str], text: Sequence[str]) -> str:
    """Return the script.

    Parameters
    ----------
    cells, clusters : str or None
        GeoPackages of cells (or areas) and clusters, where the export has them.
    rasters : sequence of str
        GeoTIFF files.
    text : sequence of str
        Columns of tables that are text, though they may look like numbers.
    """
    codes = {style.column: style for style in (spot_style(), cluster_style(), class_style())}
    parts = [
        _list_of_codes(list(codes.values())),
        f".text <- {_vector([_quoted(name) for name in text])}\n",
        _HEAD,
    ]
    if cells:
        parts.append(_reader("read_cells", "Cells (or areas) of the latest year with their shapes", cells))
    if clusters:
        parts.append(_reader("read_clusters", "Outlines of the structural clusters", clusters))
    if rasters:
        parts.append(
            "# A raster; codes come as published, the offset in the file is applied.\n"
            f".rasters <- {_vector([_quoted(name) for name in rasters])}\n"
            "read_raster <- function(file = .rasters[1]) terra::rast(file.path(.here, file))\n"
        )
    return "\n".join(parts)


def _reader(name: str, about: str, file: str) -> str:
    return (
        f"# {about}.\n{name} <- function() "
        f"{{\n  .coded(sf::st_read(file.path(.here, {_quoted(file)}), quiet = TRUE))\n}}\n"
    )


def _list_of_codes(styles: list[Style]) -> str:
    entries = [
        f"  {style.column} = list(values = {_vector([str(value) for value in style.values])},\n"
        f"    labels = {_vector([_quoted(label) for label in style.labels])})"
        for style in styles
    ]
    return ".codes <- list(\n" + ",\n".join(entries) + "\n)\n"


def _vector(items: Sequence[str]) -> str:
    return f"c({', '.join(items)})" if items else "character(0)"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
