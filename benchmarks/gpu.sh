#!/usr/bin/env bash
# Every measurement on a GPU, in less than 9 minutes: one JSON file for each WHAT
# in $OUT, and what was printed in $OUT/WHAT.txt. Nothing is fetched.
#
#   PYTHON   the Python whose torch sees the GPU (python3)
#   WHEELS   a folder of wheels that this Python lacks; they go, with nothing else,
#            into a new environment that sees its packages ($OUT/venv)
#   OUT      where the results go (work_dirs/bench)
#   WHATS    what to measure, the most wanted first (all that touches the GPU); with
#            ":bf16" ours in bfloat16 against mmdet's fp32. "onnx" needs onnxruntime-gpu
#   SECONDS_EACH  time for the rounds of one case (8)
#   LIMIT    seconds for everything (530)
#   DEVICE   cuda; cpu to try the script
#   ROUNDS   rounds of a case at most (31)
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
OUT=${OUT:-work_dirs/bench}
DEVICE=${DEVICE:-cuda}
read -ra WHATS <<< "${WHATS:-train-step inference inference:bf16 forward forward:bf16 loss assign \
postprocess nms onnx}"
start=$SECONDS
limit=${LIMIT:-530}
mkdir -p "$OUT"

if [[ -n ${WHEELS:-} ]]; then
    "$PYTHON" -m venv --system-site-packages "$OUT/venv"
    # What sees a system's packages does not see those of the environment it was made from.
    packages='import sysconfig; print(sysconfig.get_path("purelib"))'
    echo "import site; site.addsitedir('$("$PYTHON" -c "$packages")')" \
        > "$("$OUT/venv/bin/python" -c "$packages")/outer.pth"
    "$OUT/venv/bin/python" -m pip install --quiet --no-index --no-deps "$WHEELS"/*.whl
    PYTHON=$OUT/venv/bin/python
fi
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1

failed=()
waiting=${#WHATS[@]}
for what in "${WHATS[@]}"; do
    waiting=$((waiting - 1))
    left=$((limit - SECONDS + start - 20 * waiting))  # the next ones get their share
    words=("${what%:*}")
    [[ $what == *:* ]] && words+=(--precision "${what#*:}")
    what=${what/:/-}
    if ((left < 10)); then
        echo "$what: no time left" | tee "$OUT/$what.txt"
        failed+=("$what")
        continue
    fi
    echo "== $what ($left s left)"
    status=0
    timeout --kill-after=5 "$left" "$PYTHON" benchmarks/bench.py "${words[@]}" --device "$DEVICE" \
        --rounds "${ROUNDS:-31}" --seconds "${SECONDS_EACH:-8}" --out "$OUT/$what.json" \
        2>&1 | tee "$OUT/$what.txt" || status=$?
    if ((status)); then
        echo "$what: status $status" | tee -a "$OUT/$what.txt"
        failed+=("$what")
    fi
done
echo "== $((SECONDS - start)) s, results in $OUT"
if ((${#failed[@]})); then
    echo "not complete: ${failed[*]}"
    exit 1
fi
