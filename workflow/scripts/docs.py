"""Write README, the pages of docs with numbers, the questions, the first page of Snakemake's
report, and the picture of the library.

Usage: docs.py [--check | --take]

With --take the numbers and the figures of those results that are there first take the place of
what docs/numbers.json has of them; times are left as they are. With --check nothing is written;
the exit status is 1, and what differs is named, if a page or a figure is not that of
docs/numbers.json, if config.yaml has other seeds, epochs or updates, if the results that are there
give other numbers (times are left out), or if the picture shows other packages than the library
has.
"""

import dataclasses
import json
import sys
from pathlib import Path

from jfb.config.project import load
from jfb.output import committed, numbers, pages, templates
from jfb.output.figures import architecture, sheet
from jfb.storage import declared, files, provenance

try:
    sources = templates.of_clone(Path())
    config = declared.read("config.yaml")
    if sys.argv[1:] == ["--take"]:
        commit = json.loads(provenance.of(config))["commit"]
        told, found = committed.taken(sources.numbers, sources.questions, load(config), commit)
        print(told)
        numbers.write(templates.NUMBERS, found)
        sources = dataclasses.replace(sources, numbers=found)
    texts = committed.written(sources)
    if sys.argv[1:] == ["--check"]:
        compared, lines = committed.differing(sources.numbers, load(config), texts)
        print(*compared, sep="\n")
        print("\n".join(lines) or "README and the pages of docs are those of the numbers")
        sys.exit(bool(lines))
    for page, text in texts.items():
        pages.write(page, text)
    library = architecture.read(committed.LIBRARY)
    picture = architecture.packages(library), [committed.PICTURE]
    sheet.write(*picture, architecture.described(library))
except files.FileFault as error:
    sys.exit(str(error))
