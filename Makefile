# `make` runs the whole workflow, `make test` the tests; both set up .venv first.
PYTHON ?= python3
CORES ?= all
# What the report shows: all, or everything.
REPORT_OF ?= all
BIN := .venv/bin
READY := .venv/ready

.PHONY: all check check-exact exact-arm test long faults lint rule-change schema docs check-docs report clean distclean

all: $(READY)
	$(BIN)/snakemake --cores $(CORES)
	@cat results/table1.md
	@echo "Table 1:     results/table1.csv, .md, .tex"
	@echo "Figures:     results/figures/ (svg, pdf, png)"
	@echo
	@$(BIN)/python workflow/scripts/check.py results/table1.csv config.yaml || \
		echo "With config.yaml as it came, cells differ only where the processor rounds otherwise: README.md, Exactness."
	@if [ -n "$$(find results/figures results/*.csv -newer results/report.html 2> /dev/null)" ]; then \
		echo "results/report.html is older than what it shows, and is made again"; \
		$(BIN)/snakemake --cores $(CORES) --report results/report.html $(REPORT_OF); \
	fi

# Fails unless every published cell is reproduced.
check: $(READY)
	@$(BIN)/python workflow/scripts/check.py results/table1.csv config.yaml

# Trains the replay in PyTorch too, and fails unless both are equal to the last bit; on x86-64.
check-exact: $(READY)
	$(BIN)/snakemake --cores $(CORES) replay replay_reference
	@$(BIN)/python workflow/scripts/check_exact.py results replay replay_reference

# Trains the report's runs on an emulated ARM processor too: every bit is compared. Minutes, from Debian's packages.
exact-arm: $(READY)
	@PYTHONPATH=workflow/scripts $(BIN)/python tests/exact_arm.py

test: $(READY)
	$(BIN)/pytest -n auto --dist worksteal $(foreach part,faults slurm long,--ignore tests/$(part))

# What takes minutes of training: full runs by the dozen.
long: $(READY)
	$(BIN)/pytest tests/long

# What the workflow survives: killed jobs, full disks, damaged files, hostile configurations, Slurm.
# The test of Slurm is the first, in a process of its own: it waits more than it works.
faults: $(READY)
	$(BIN)/pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal -rs tests/slurm tests/faults

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# Adds the line that a change of the rules of workflow/claims.yaml needs.
rule-change: $(READY)
	@PYTHONPATH=workflow/scripts $(BIN)/python -m jfb.analysis.rule_changes workflow/claims.yaml workflow/rule_changes.yaml

# The JSON Schema by which editors complete config.yaml, from jfb/config.
schema: $(READY)
	@$(BIN)/python workflow/scripts/schema.py workflow/schemas/config.schema.json

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# README, findings and sizes, from their templates and docs/numbers.json; `snakemake findings` makes all of them.
docs: $(READY)
	$(BIN)/python workflow/scripts/docs.py

# Fails unless the pages, their figures, config.yaml and the results that are there have the same numbers.
check-docs: $(READY)
	@$(BIN)/python workflow/scripts/docs.py --check

# One HTML page with every table and figure of the target REPORT_OF, which is brought up to date first.
report: $(READY)
	$(BIN)/snakemake --cores $(CORES) $(REPORT_OF)
	$(BIN)/snakemake --cores $(CORES) --report results/report.html $(REPORT_OF)

clean:
	rm -rf $(filter-out results/README.md,$(wildcard results/*)) .snakemake

distclean: clean
	rm -rf .venv
