"""Take the digits of scikit-learn, and split them."""

from jfb.config.datasets import Digits
from jfb.model import digits
from jfb.records import dataset
from jfb.storage.joblog import job_log

with job_log(snakemake.log[0]) as log:
    options = Digits(**snakemake.params.dataset)
    log.info("%s", options)
    dataset.write(snakemake.output[0], *digits.make(options), options.inputs)
