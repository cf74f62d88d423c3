"""Take a dataset that a package has with it, and split it."""

from jfb.config.datasets import from_dict
from jfb.model import camera, digits
from jfb.records import dataset
from jfb.storage.joblog import job_log

MAKERS = {"digits": digits.make, "camera": camera.make}

with job_log(snakemake.log[0]) as log:
    options = from_dict(snakemake.params.dataset)
    log.info("%s", options)
    dataset.write(snakemake.output[0], *MAKERS[options.source](options), options.inputs)
