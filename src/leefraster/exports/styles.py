"""How QGIS draws an export: categories with colours and labels, as QML."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from leefraster.colours import CLASSES, QUADRANTS, SPOTS, Scale

_VERSION = "3.22"


@dataclass(frozen=True, slots=True)
class Style:
    """Categories of one column or raster.

    Attributes
    ----------
    column : str
        Column of a table; of a raster only its name.
    title : str
        What the layer shows, in words.
    values, colours, labels : tuple
        One of each for every category.
    """

    column: str
    title: str
    values: tuple[int, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, column: str, title: str, scale: Scale, first: int) -> Style:
        """Return the style of codes that start at `first`."""
        values = tuple(range(first, first + len(scale.colours)))
        return cls(column, title, values, scale.colours, scale.labels)


def spot_style(column: str = "getis_ord_spot") -> Style:
    """Hot and cold spots, -3 to 3."""
    return Style.of(column, "Hot and cold spots (Getis-Ord G*)", SPOTS, -3)


def cluster_style(column: str = "local_moran_cluster") -> Style:
    """Clusters of local Moran's I, 0 to 4."""
    return Style.of(column, "Clusters (local Moran's I)", QUADRANTS, 0)


def class_style(column: str = "class") -> Style:
    """Classes 1 to 9."""
    return Style.of(column, "Class of the level", CLASSES, 1)


def vector_qml(style: Style) -> str:
    """Return QML that fills polygons by category; squares get no outline, so that they join on a map."""
    categories = "".join(
        f'<category value="{value}" symbol="{i}" label={quoteattr(label)} render="true"/>'
        for i, (value, label) in enumerate(zip(style.values, style.labels, strict=True))
    )
    symbols = "".join(_fill(str(i), colour) for i, colour in enumerate(style.colours))
    return (
        f'<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="{_VERSION}" '
        'styleCategories="Symbology"><renderer-v2 type="categorizedSymbol" forceraster="0" '
        f"attr={quoteattr(style.column)}><categories>{categories}</categories><symbols>{symbols}</symbols>"
        "</renderer-v2></qgis>"
    )


def outline_qml(colour: str, width: float = 0.5) -> str:
    """Return QML that draws polygons as outlines (width in millimetres)."""
    layer = (
        '<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">'
        f'<Option name="style" type="QString" value="no"/>'
        f'<Option name="outline_color" type="QString" value={quoteattr(_rgba(colour))}/>'
        f'<Option name="outline_width" type="QString" value="{width}"/>'
        '<Option name="outline_style" type="QString" value="solid"/></Option></layer>'
    )
    return (
        f'<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="{_VERSION}" '
        'styleCategories="Symbology"><renderer-v2 type="singleSymbol" forceraster="0"><symbols>'
        f'<symbol type="fill" name="0" alpha="1" clip_to_extent="1">{layer}</symbol></symbols></renderer-v2></qgis>'
    )


def raster_qml(style: Style, shift: int = 0) -> str:
    """Return QML that colours a raster of codes; `shift` is what was added to the codes in the file."""
    entries = "".join(
        f'<paletteEntry value="{value + shift}" color="{colour}" alpha="255" label={quoteattr(label)}/>'
        for value, colour, label in zip(style.values, style.colours, style.labels, strict=True)
    )
    return (
        f'<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="{_VERSION}" '
        'styleCategories="Symbology"><pipe><rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1">'
        f"<colorPalette>{entries}</colorPalette></rasterrenderer></pipe></qgis>"
    )


def _fill(name: str, colour: str) -> str:
    return (
        f'<symbol type="fill" name="{name}" alpha="1" clip_to_extent="1"><layer class="SimpleFill" enabled="1" '
        f'locked="0" pass="0"><Option type="Map"><Option name="color" type="QString" value="{_rgba(colour)}"/>'
        '<Option name="style" type="QString" value="solid"/>'
        '<Option name="outline_style" type="QString" value="no"/></Option></layer></symbol>'
    )


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def rgb(colour: str) -> tuple[int, int, int, int]:
    """Return a colour as GDAL's colour tables take it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, 255
