#!/usr/bin/env bash
# Test with several processes, one per GPU, on one or more machines.
#   tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [options of test.py]
# On several machines run it on each: NNODES=2 NODE_RANK=0 MASTER_ADDR=host PORT=29500.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT PROCESSES [options of test.py]" >&2
    exit 2
fi
config=$1 checkpoint=$2 processes=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
# PYTHON, or the environment of `make install`, or whatever `python` is.
python=$here/../.venv/bin/python
[ -x "$python" ] || python=python

exec "${PYTHON:-$python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$here/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
