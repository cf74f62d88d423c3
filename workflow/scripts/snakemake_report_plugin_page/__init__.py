"""The report as one page to read, from what Snakemake knows of it: `make report`.

Snakemake finds a plugin by the name of its package where that can be imported: with
PYTHONPATH=workflow/scripts, `snakemake --reporter page --report-page-path results/report.html`.
What it shows, with captions, categories and labels, is what `snakemake --report` shows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
from snakemake_interface_report_plugins.reporter import ReporterBase
from snakemake_interface_report_plugins.settings import ReportSettingsBase

from jfb.analysis import selection, sources
from jfb.config.project import load
from jfb.output import numbers, pages, report, templates, verdicts, worded
from jfb.storage import declared

#: The clone that this file is of, and the templates of its reports.
ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "workflow/report"
#: Pages of docs that the report holds, and their titles.
DOCS = {
    "findings": "Findings",
    "details": "Behind the findings",
    "claims": "Claims: all studies",
    "cited": "Cited papers",
    "speed": "Speed",
}
#: The picture beside the answers, which README shows.
FIGURE = "docs/figures/updates.png"


@dataclass
class ReportSettings(ReportSettingsBase):
    """The options of the command."""

    path: str = field(default="", metadata={"help": "File to write the page to.", "required": True})


class Reporter(ReporterBase):
    """What Snakemake calls with its records."""

    def render(self):
        """Write the page."""
        workflow = self.dag.workflow
        path = Path(self.settings.path)
        text = report.page(
            self._items([rule.name for rule in workflow.rules]),
            self._run(workflow.config),
            _pages(),
            self.workflow_description,
            TEMPLATES / "page",
        )
        pages.write(path, text)

    def _items(self, order):
        """What is shown, in the order of the rules and, of one rule, of the files."""
        records = [
            (record, category, group)
            for category, groups in self.results.items()
            for group, some in groups.items()
            for record in some
        ]
        records.sort(key=lambda found: (order.index(found[0].job.rule.name), str(found[0].path)))
        return [
            report.Item(
                path=Path(record.path),
                category=category.name,
                group="" if group.is_other else group.name,
                title=_title(record, group),
                caption=record.caption,
                rule=record.job.rule.name,
            )
            for record, category, group in records
        ]

    def _run(self, config):
        made = [Path(output) for job in self.jobs for output in job.output]
        project = load(config)
        trained = [path.stem for path in made if path.parent.name == "summaries"]
        tables = {path.name: path for path in made if path.suffix == ".csv"}
        metadata = (path for path in made if path.name == "table1.csv-metadata.json")
        origin = next(metadata, None)
        return report.Run(
            replay=project.replay,
            studies=numbers.of_studies(project, {name: name for name in sorted(trained)}),
            tables=tables,
            claims=_claims(tables, project),
            rules=[self._rule(name, rule) for name, rule in self.rules.items()],
            configuration="\n".join(file.source for file in self.configfiles),
            origin=origin and report.origin_of(origin),
            started=_moment(min(job.starttime for job in self.jobs)),
            ended=_moment(max(job.endtime for job in self.jobs)),
        )

    def _rule(self, name, rule):
        times = [job.endtime - job.starttime for job in self.jobs if job.rule == name]
        return report.Rule(name, len(times), sum(times), max(times), rule.source)


def _claims(tables, project):
    """The claims as the jobs judged them; none where they did not."""
    path = tables.get("evidence.csv")
    if path is None:
        return None
    document, changes = (
        declared.read(ROOT / path) for path in (templates.CLAIMS, templates.CHANGES)
    )
    evidence = pd.read_csv(path, dtype={"n": "Int64"})
    judged = map(worded.records, (evidence, pd.read_csv(path.with_name("sensitivity.csv"))))
    sizes = selection.sizes(project, sources.products(document))
    return verdicts.viewed_again(document, changes, *judged, sizes)


def _pages():
    known = templates.of_clone(ROOT)
    updates, epochs = (
        known.numbers["studies"]["updates"],
        known.numbers["studies"]["landscape"]["epochs"],
    )
    return report.Pages(
        answers=templates.part(TEMPLATES / "answers.md.jinja", known),
        figure=ROOT / FIGURE,
        figure_told=(
            f"Share of {updates['seeds']} seeds that reach a loss of 0.001, after {epochs:,} "
            f"epochs and after {updates['updates']:,} updates"
        ),
        general={one.id: one.in_general for one in templates.view(known).claims if one.general},
        docs={name: report.Doc(title, ROOT / f"docs/{name}.md") for name, title in DOCS.items()},
        root=ROOT,
    )


def _title(record, group):
    """What a file is called, without its study where that stands above it."""
    told = ", ".join(map(str, (record.labels or {"": record.name}).values()))
    return told.removesuffix(f" {group.name.removeprefix('Study ')}").removesuffix(":")


def _moment(seconds):
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"
