# `make` runs the whole workflow, `make test` the tests; both set up .venv first.
PYTHON ?= python3
CORES ?= all
# What the report shows: all, or everything if that has been made.
REPORT_OF ?= all
BIN := .venv/bin
READY := .venv/ready

.PHONY: all check test faults lint rule-change report clean distclean

all: $(READY)
	$(BIN)/snakemake --cores $(CORES)
	@cat results/table1.md
	@echo "Table 1:     results/table1.csv, .md, .tex"
	@echo "Figures:     results/figures/ (svg, pdf, png)"
	@echo
	@$(BIN)/python workflow/scripts/check.py results/table1.csv config.yaml || \
		echo "With config.yaml as it came, cells differ only where the processor rounds otherwise: README.md, Exactness."

# Fails unless every published cell is reproduced.
check: $(READY)
	@$(BIN)/python workflow/scripts/check.py results/table1.csv config.yaml

test: $(READY)
	$(BIN)/pytest -n auto --dist worksteal --ignore tests/faults --ignore tests/slurm

# What the workflow survives: killed jobs, full disks, damaged files, hostile configurations, Slurm.
faults: $(READY)
	$(BIN)/pytest -n auto --dist worksteal -rs tests/faults
	$(BIN)/pytest -rs tests/slurm

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# Adds the line that a change of the rules of workflow/claims.yaml needs.
rule-change: $(READY)
	@PYTHONPATH=workflow/scripts $(BIN)/python -m jfb.rule_changes workflow/claims.yaml workflow/rule_changes.yaml

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# One HTML page with every table and figure that has been made.
report: all
	$(BIN)/snakemake --cores $(CORES) --report results/report.html $(REPORT_OF)

clean:
	rm -rf $(filter-out results/README.md,$(wildcard results/*)) .snakemake

distclean: clean
	rm -rf .venv
