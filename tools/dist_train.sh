#!/usr/bin/env bash
# Train with several processes, one per GPU, on one or more machines.
#   tools/dist_train.sh CONFIG PROCESSES [options of train.py]
# On several machines run it on each: NNODES=2 NODE_RANK=0 MASTER_ADDR=host PORT=29500.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG PROCESSES [options of train.py]" >&2
    exit 2
fi
config=$1 processes=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
# PYTHON, or the environment of `make install`, or whatever `python` is.
python=$here/../.venv/bin/python
[ -x "$python" ] || python=python

exec "${PYTHON:-$python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$here/train.py" "$config" --launcher pytorch "$@"
