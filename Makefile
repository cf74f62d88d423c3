# `make` runs the whole workflow, `make test` the tests; both set up .venv first.
PYTHON ?= python3
CORES ?= all
# What the report shows: all, or everything.
REPORT_OF ?= all
STARTED := $(shell date +%s)
# Its modules, not the programs beside it: their first lines name this folder, and break with some names.
VENV := .venv/bin/python
READY := .venv/ready

$(if $(findstring {,$(CURDIR))$(findstring },$(CURDIR))$(findstring :,$(CURDIR)),\
	$(error The path of this folder has a brace or a colon, which Snakemake and venv cannot have: rename it))

# One page of what the target shows, which is there. Snakemake finds the reporter by its name.
WRITE_REPORT = PYTHONPATH=workflow/scripts $(VENV) -m snakemake --cores $(CORES) \
	--reporter page --report-page-path results/report.html $(REPORT_OF)

.PHONY: all check check-exact exact-arm test long faults lint rule-change schema docs numbers check-docs report explore archive check-archive clean distclean

all: $(READY)
	$(VENV) -m snakemake --cores $(CORES)
	@if [ -n "$$(find results/figures results/*.csv -newer results/report.html 2> /dev/null)" ]; then \
		echo "results/report.html is older than what it shows, and is made again"; \
		$(WRITE_REPORT); \
	fi
	@$(VENV) workflow/scripts/show.py results/table1.csv results/claims.csv config.yaml \
		$$(($$(date +%s) - $(STARTED)))

# Fails unless every published cell is reproduced.
check: $(READY)
	@$(VENV) workflow/scripts/check.py results/table1.csv config.yaml

# Trains the replay in PyTorch too, and fails unless both are equal to the last bit; on x86-64.
check-exact: $(READY)
	$(VENV) -m snakemake --cores $(CORES) replay replay_reference
	@$(VENV) workflow/scripts/check_exact.py results replay replay_reference

# Trains the report's runs on an emulated ARM processor too: every bit is compared. Minutes, from Debian's packages.
exact-arm: $(READY)
	@PYTHONPATH=workflow/scripts $(VENV) tests/exact_arm.py

test: $(READY)
	$(VENV) -m pytest -n auto --dist worksteal -m "not long" $(foreach part,faults slurm,--ignore tests/$(part))

# Full runs by the dozen, and whole sweeps, of which `make test` has a case or two.
long: $(READY)
	$(VENV) -m pytest -n auto --dist worksteal -m long $(foreach part,faults slurm,--ignore tests/$(part))

# What the workflow survives: killed jobs, full disks, damaged files, hostile configurations, Slurm.
# The test of Slurm is the first, in a process of its own: it waits more than it works.
faults: $(READY)
	$(VENV) -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal -rs tests/slurm tests/faults

lint: $(READY)
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m snakefmt --check Snakefile workflow
	$(VENV) -m snakemake --lint

# Adds the line that a change of the rules of workflow/claims.yaml needs.
rule-change: $(READY)
	@PYTHONPATH=workflow/scripts $(VENV) -m jfb.analysis.rule_changes workflow/claims.yaml workflow/rule_changes.yaml

# The JSON Schema by which editors complete config.yaml, from jfb/config.
schema: $(READY)
	@$(VENV) workflow/scripts/schema.py workflow/schemas/config.schema.json

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@mkdir .installing 2> /dev/null || \
		{ echo "Another make installs into .venv: wait for it. If there is none: rmdir .installing"; exit 1; }
	@set -e; trap 'rmdir .installing' EXIT; trap 'exit 130' INT TERM; \
		echo "installing into .venv: minutes"; \
		$(PYTHON) -m venv .venv; \
		$(VENV) -m pip install --quiet --disable-pip-version-check -r requirements.txt; \
		touch $@

# README and the pages of docs, from their templates and docs/numbers.json; `snakemake findings` makes all of them.
docs: $(READY)
	$(VENV) workflow/scripts/docs.py

# Takes the numbers and figures of those results that are there into the pages; the others stay.
numbers: $(READY)
	$(VENV) workflow/scripts/docs.py --take

# Fails unless the pages, their figures, config.yaml and the results that are there have the same numbers.
check-docs: $(READY)
	@$(VENV) workflow/scripts/docs.py --check

# One HTML page with every table and figure of the target REPORT_OF, which is brought up to date first.
report: $(READY)
	$(VENV) -m snakemake --cores $(CORES) $(REPORT_OF)
	$(WRITE_REPORT)

# One page to look at runs with: results/explorer.html. It needs no network and no server.
explore: $(READY)
	$(VENV) -m snakemake --cores $(CORES) explore

# Configuration, code and results as an RO-Crate, results/archive.zip; WITH=--with-runs for logs and parameters too.
archive: $(READY)
	$(VENV) -m snakemake --cores $(CORES)
	$(VENV) workflow/scripts/archive.py $(WITH) results/archive.zip

# Fails unless the tables of the archive ARCHIVE are those in results/, times aside.
ARCHIVE ?= results/archive.zip
check-archive: $(READY)
	@$(VENV) workflow/scripts/archive.py --check "$(ARCHIVE)"

clean:
	rm -rf $(filter-out results/README.md,$(wildcard results/*)) .snakemake

distclean: clean
	rm -rf .venv
