# Needs Python 3.11 or newer and make; all else goes into .venv. The first run of a target sets up what it needs, the
# second finds it done.

PYTHON ?= python3
VENV ?= .venv
PY = $(VENV)/bin/python
FIRST = notebooks/01_vanishing_gradients.ipynb
export OPENBLAS_NUM_THREADS ?= 1
# JupyterLab and Matplotlib write below HOME, which a container's user may not have.
ifneq ($(shell test -w "$$HOME" || echo unusable),)
export HOME := $(CURDIR)/.venv
endif

.PHONY: help lab test notebooks lint bench experiments links class browser site site-check pyodide parity mutants clean FORCE

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s%s\n", $$1, $$2 }' Makefile
	@awk -F '"' '/^repository = / { print "\nThe links lead to " $$2 ($$2 ~ /^owner\// ? ": still nobody. make links REPO=owner/name" : "") }' pyproject.toml

lab: $(VENV)/.lab  ## JupyterLab, open at the first chapter
	$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/$(FIRST) $(ARGS)

test: $(VENV)/.test  ## all tests, every saved output among them; ONLY=notebooks/02_lstm_forward.ipynb runs a part
	$(PY) -m pytest -n auto --dist loadscope --no-loadscope-reorder $(ONLY)

notebooks: $(VENV)/.lab  ## run all chapters and save them; ONLY=notebooks/02_lstm_forward.ipynb one of them
	$(PY) tools/series.py execute $(ONLY)

lint: $(VENV)/.test  ## ruff and mypy
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(VENV)/.lab  ## speed and memory as ratios; ARGS=--record keeps them for the chapters
	$(PY) benchmarks/bench.py $(ARGS)
	$(PY) benchmarks/scan.py $(ARGS)

experiments: $(VENV)/.experiments  ## the long runs behind the chapters; ONLY=name TRIALS=number run a part
	$(PY) experiments/run.py $(if $(ONLY),--only $(ONLY)) $(if $(TRIALS),--trials $(TRIALS)) $(ARGS)

links: $(VENV)/.lab  ## after a fork: make links REPO=owner/name; without REPO, whether they lead anywhere
	$(PY) tools/series.py links $(REPO)

class: $(VENV)/.lab  ## the series without its solutions, in class/; what was edited there is kept
	$(PY) tools/series.py class class

browser: $(VENV)/.browser  ## every chapter in a real JupyterLab; screenshots go to OUT
	$(PY) tools/browser.py $(or $(OUT),screenshots) $(ONLY)

site: $(VENV)/.site  ## the web site, in site/build/html; needs npm
	rm -rf site/build
	cd site && npm ci --silent
	$(PY) site/sources.py
	$(PY) -m sphinx -q -W --keep-going -c site -d site/build/doctrees site/build/source site/build/html
	cd site/build/lite && $(abspath $(PY)) -m jupyterlite_core build >build.log 2>&1 || { cat build.log; exit 1; }

site-check: site  ## build the web site and look at it in a real browser; screenshots go to OUT
	$(PY) site/check.py $(OUT)

pyodide:  ## the seconds of each chapter's computing in WebAssembly, drawings left out; needs npm; ONLY=...
	cd site && npm ci --silent
	node site/pyodide.mjs $(ONLY)

parity: $(VENV)/.after-lstm  ## compared with PyTorch, ONNX Runtime, xlstm and mingru-pytorch
	$(PY) -m pytest tests/test_parity.py tests/test_gradcheck.py tests/test_after_lstm.py
	$(PY) tests/parity_table.py

mutants: $(VENV)/.mutants  ## which changes to lstm_core.py no test sees; ONLY="lstm_core.*sigmoid*" runs a part
	$(PY) -m mutmut run $(if $(ONLY),"$(ONLY)")
	$(PY) -m mutmut results | sed '/not checked/d'

clean:  ## all that make has made, but not class/
	rm -rf $(VENV) .venv-oldest site/build site/node_modules mutants screenshots .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.parity: NOTE = PyTorch and ONNX Runtime. On Linux, PyPI has PyTorch with its GPU libraries, several GB; \
    pytorch.org has a small one: put it into $(VENV) first, and it is kept.

# Each target's needs are an extra of pyproject.toml; a reader's are no extra. pip is not --quiet: this takes a minute.
$(addprefix $(VENV)/.,lab test experiments browser site parity mutants): $(VENV)/.%: $(VENV)/.made pyproject.toml
	@echo "Installing what make $* needs$(if $(NOTE),: $(NOTE))"
	$(PY) -m pip install --editable ".$(if $(filter-out lab,$*),[$*])"
	@touch $@

# Chapter 11's packages, in the versions that tests/data/after_lstm.npz was made with. What else they ask for is not used.
$(VENV)/.after-lstm: $(VENV)/.parity
	$(PY) -m pip install --no-deps xlstm==2.0.6 mingru-pytorch==0.2.1
	@touch $@

# Looked at every time, written only when the environment is made anew.
$(VENV)/.made: FORCE
	@$(PYTHON) tools/environment.py $(VENV) "make $(MAKECMDGOALS)"
