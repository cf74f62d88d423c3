"""Draw a figure: a function of the library, from what it names as its readers."""

from importlib import import_module

from jfb.output.figures import sheet
from jfb.storage import provenance
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    origin = provenance.of(snakemake.config)
    module, _, name = snakemake.params.function.partition(":")
    draw = getattr(import_module(module), name)
    tables = {name: read(snakemake.input[name]) for name, read in draw.readers.items()}
    figure = draw(**tables, **snakemake.params.options)
    study = snakemake.wildcards.get("study")
    sheet.headed(figure, snakemake.params.question, f"Study: {study}" if study else "")
    sheet.write(figure, snakemake.output, origin)
    log.info("drew %s", ", ".join(snakemake.output))
