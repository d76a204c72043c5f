"""Templates filled, and pages written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from leefraster.errors import EnvironmentFault


def filled(template: str, content: dict[str, Any]) -> str:
    """Return a page as HTML; all text that comes from data is escaped by the template."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from leefraster.report.wording import whole

    environment = Environment(
        loader=PackageLoader("leefraster.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count_text"] = whole
    css = Markup(resources.files("leefraster.report").joinpath("templates/report.css").read_text("utf-8"))
    return environment.get_template(template).render(css=css, **content)


def written(text: str, target: Path) -> Path:
    """Write a page; the file is replaced only when the new one is complete.

    Raises
    ------
    EnvironmentFault
        When the file cannot be written.
    """
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, target)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"report: cannot write {target} ({error.strerror or error}); choose a folder that may be "
            "written, or free some space"
        ) from error
    return target
