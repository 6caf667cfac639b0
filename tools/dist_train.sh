#!/usr/bin/env bash
# Train with several processes, one per GPU, on one or more machines.
#   tools/dist_train.sh CONFIG PROCESSES [--max-restarts TIMES] [options of train.py]
# On several machines run it on each: NNODES=2 NODE_RANK=0 MASTER_ADDR=host MASTER_PORT=29500.
# More with --help.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# PYTHON, or the environment of `make install`, or whatever `python` is.
python=$here/../.venv/bin/python
[ -x "$python" ] || python=python

exec "${PYTHON:-$python}" "$here/launch.py" train "$@"
