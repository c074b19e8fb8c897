# Start here.
#
#   make demo     sets everything up, grades the shipped example, prints the summary and the PDF's path
#   make test     sets everything up and proves everything: style, types, layers, all tests (slow ones too)
#   make check    the quick part of it
#   make help     the rest
#
# PYTHON=python3.12 chooses the interpreter; any value given on the command line wins.

PYTHON ?= python3
COURSEWORK ?= polytech_tp5_6
OUT ?= out/demo
JOBS ?= 2
ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
# torch starts one thread a core in every process; with several processes that only slows all down.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo test check tests quick lint types layers docs conformance format
.PHONY: template sample goldens calibrate bench bench-class class-test wheel student-dist clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*  ## ' Makefile | awk -F ':.*  ## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(READY)  ## make .venv with all packages; Pango and bubblewrap through apt where root

$(READY): pyproject.toml tools/setup.sh
	@PYTHON='$(PYTHON)' sh tools/setup.sh
	@touch $@

# ---------------------------------------------------------------- use

demo: $(READY)  ## grade the shipped example on the embedded data
	$(BIN)/grade reference/$(COURSEWORK)/solution --assignment $(COURSEWORK) --data synthetic --out $(OUT) $(ARGS)

student-dist: $(READY)  ## build the students' wheel, without solutions, under dist/student
	$(BIN)/python tools/student_dist.py dist/student

wheel: $(READY)  ## build the grader's own wheel under dist/, for a Gradescope autograder
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

# ---------------------------------------------------------------- prove

test: lint types layers docs tests  ## everything, slow tests too

check: lint types layers docs quick  ## the quick part

lint: $(READY)  ## style, undefined names, complexity, docstrings (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## mypy --strict on grader/ and reports/
	$(BIN)/mypy

layers: $(READY)  ## who may import whom (docs/design.md)
	$(BIN)/lint-imports

docs: $(READY)  ## links between pages and commands named in them
	$(PYTEST) -q tests/project/test_project_docs.py

quick: $(READY)  ## tests that take seconds
	$(PYTEST) -q -n $(JOBS) $(ARGS)

tests: $(READY)  ## all tests
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "slow or not slow" --durations 15 $(ARGS)

conformance: $(READY)  ## solution, variants, template and faulty work of every coursework
	$(PYTEST) -q -n $(JOBS) --dist worksteal -m conformance --all-budgets $(ARGS)

class-test: $(READY)  ## a class of 30, killed three times and resumed (long)
	CLASS_TEST_COUNT=30 CLASS_TEST_KILLS=3 $(PYTEST) -m slow tests/classroom/test_classroom_whole.py $(ARGS)

# ---------------------------------------------------------------- make again what is committed

format: $(READY)  ## lay out the code and sort its imports
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

template: $(READY)  ## student_template/ from reference/
	$(BIN)/python -m reference.make_template $(COURSEWORK)

sample: $(READY)  ## reports/sample/ in both languages
	$(BIN)/python -m reports.sample

goldens: $(READY)  ## the expected texts of the tests; look at the difference before you commit
	$(PYTEST) -q -m "slow or not slow" --update-goldens $(ARGS)

calibrate: $(READY)  ## measure the bands of a coursework: make calibrate ARGS="--help"
	$(BIN)/python -m grader.cli.calibrate $(ARGS)

bench: $(READY)  ## our engine beside the student's loop, measured in one run; writes docs/bench.md
	$(BIN)/python tools/bench $(ARGS)

bench-class: $(READY)  ## a class of 100, and one of 1,000 marked again; writes docs/bench-class.md
	PYTHONPATH=. $(BIN)/python tools/bench_class $(ARGS)

clean:  ## remove what was built; .venv stays
	rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .tox
