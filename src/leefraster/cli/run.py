"""``leefraster run``: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from leefraster.errors import UsageError
from leefraster.progress import shown

if TYPE_CHECKING:
    import argparse

    from leefraster.bands.on_cluster import OnCluster
    from leefraster.config import Configuration

DEMONSTRATION = "demo"


def perform(options: argparse.Namespace) -> None:
    """Run the main job as the options say, and print its summary."""
    from leefraster.cli.summary import print_summary
    from leefraster.kernels.jit import set_threads

    configuration = configured(options)
    if options.area:
        limited = configuration.exports.model_copy(update={"areas": options.area})
        configuration = configuration.model_copy(update={"exports": limited})
    out = options.out or Path("out") / name_of(options.config)
    if options.threads:
        set_threads(options.threads)
    from leefraster.memory_size import parse_memory

    memory = None if options.memory is None else parse_memory(options.memory)
    with _runner(options) as runner:  # an address where nobody answers is told before all else is loaded
        from leefraster.pipeline import run

        with shown(sys.stderr) as progress:
            record = run(configuration, out, progress, memory=memory, runner=runner)
    print_summary(record, out, sys.stdout)


@contextmanager
def _runner(options: argparse.Namespace) -> Iterator[OnCluster | None]:
    """Give what works through the fields: a cluster where one is asked for, else None."""
    if options.cluster is None:
        yield None
        return
    from leefraster.bands.on_cluster import cluster

    with cluster(options.cluster, workers=options.threads) as runner:
        yield runner


def name_of(config: Path | None) -> str:
    """Return the name of the default output folder: that of the configuration file."""
    return DEMONSTRATION if config is None else config.stem


def configured(options: argparse.Namespace) -> Configuration:
    """Return the configuration with what the command line changes in it.

    Raises
    ------
    UsageError
        When the file cannot be used, or a seed is given for anything but the demonstration country.
    """
    from leefraster.config import Configuration

    if options.config is None:
        return Configuration.demonstration(options.seed or 0)
    read = Configuration.read(options.config)
    if options.seed is not None:
        read = _seeded(read, options.seed, options.config)
    return _dropping_outside(read) if options.drop_outside else read


def _seeded(configuration: Configuration, seed: int, file: Path) -> Configuration:
    if configuration.demonstration_seed() is None:
        raise UsageError(f"--seed is {seed}, but {file} does not run the demonstration country; leave it out")
    if configuration.scores is not None:
        changed = configuration.scores.model_copy(update={"seed": seed})
        return configuration.model_copy(update={"scores": changed})
    layers = [layer.model_copy(update={"seed": seed}) for layer in configuration.layers]
    return configuration.model_copy(update={"layers": layers})


def _dropping_outside(configuration: Configuration) -> Configuration:
    """Return the configuration with ``drop_outside`` set in every section that reads a file."""
    from leefraster.sources.section import FileSection

    def with_it(section: object) -> object:
        if isinstance(section, list):
            return [with_it(part) for part in section]
        return (
            section.model_copy(update={"drop_outside": True}) if isinstance(section, FileSection) else section
        )

    return configuration.model_copy(update={name: with_it(section) for name, section in configuration})
