"""Take the samples of a user's file, and split them."""

from jfb.config.datasets import File
from jfb.model import own_data
from jfb.records import dataset
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    options = File(**snakemake.params.dataset)
    log.info("%s", options)
    dataset.write(snakemake.output[0], *own_data.make(options), options.inputs)
