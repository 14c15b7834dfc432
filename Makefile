# Needs Python 3.11 or newer and make; all else goes into .venv. The first run of any target sets up, the second finds it done.

PYTHON ?= python3
VENV ?= .venv
PY = $(VENV)/bin/python
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: lab test notebooks lint bench links class browser parity clean

lab: $(VENV)/.stamp  ## JupyterLab, open at the first chapter
	$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks/01_vanishing_gradients.ipynb $(ARGS)

test: $(VENV)/.stamp  ## all tests, every saved output among them; ONLY=notebooks/02_lstm_forward.ipynb runs a part
	$(PY) -m pytest --nbval --nbval-current-env $(ONLY)

notebooks: $(VENV)/.stamp  ## re-execute all chapters in place
	$(PY) tools/series.py execute

lint: $(VENV)/.stamp  ## ruff and mypy
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(VENV)/.stamp  ## speed and memory as ratios; ARGS=--record keeps them for the chapters
	$(PY) benchmarks/bench.py $(ARGS)

links: $(VENV)/.stamp  ## after a fork: make links REPO=owner/name
	$(PY) tools/series.py links $(REPO)

class: $(VENV)/.stamp  ## the series without its solutions, in class/
	$(PY) tools/series.py class class

browser: $(VENV)/.browser  ## every chapter in a real JupyterLab; screenshots go to OUT
	$(PY) tools/browser.py $(or $(OUT),screenshots) $(ONLY)

parity: $(VENV)/.parity  ## compared with PyTorch and ONNX Runtime
	$(PY) -m pytest tests/test_parity.py
	$(PY) tests/parity_table.py

clean:
	rm -rf $(VENV) class mutants screenshots .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --editable ".[test]"
	touch $@

$(VENV)/.browser $(VENV)/.parity: $(VENV)/.%: $(VENV)/.stamp
	$(PY) -m pip install --quiet --editable ".[$*]"
	touch $@
