#!/usr/bin/env bash
# Train on a Slurm cluster: submits a job that resumes by itself after it was stopped.
#   tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options of train.py]
# GPUS=8, GPUS_PER_NODE=8, CPUS_PER_TASK=5, GRACE=120 (seconds to save before the time limit) and
# SBATCH_ARGS='--time=24:00:00 ...' say what to ask for. The screen goes to WORK_DIR/slurm-JOB.txt.
set -euo pipefail
if [ $# -lt 4 ]; then
    echo "usage: $0 PARTITION JOB_NAME CONFIG WORK_DIR [options of train.py]" >&2
    exit 2
fi
partition=$1 job=$2 config=$3 work_dir=$4

if [ -z "${FCOS_MM_TOOLS:-}" ]; then
    FCOS_MM_TOOLS=$(cd "$(dirname "$0")" && pwd)
    export FCOS_MM_TOOLS
    per_node=${GPUS_PER_NODE:-8}
    mkdir -p "$work_dir"
    # Slurm runs a copy of this script in the job. SBATCH_ARGS is several words: not quoted.
    # shellcheck disable=SC2086
    exec sbatch --partition="$partition" --job-name="$job" \
        --gres="gpu:$per_node" --ntasks="${GPUS:-8}" --ntasks-per-node="$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --requeue --open-mode=append --signal="USR1@${GRACE:-120}" \
        --output="$work_dir/slurm-%j.txt" --export=ALL ${SBATCH_ARGS:-} "$0" "$@"
fi

shift 4
# PYTHON, or the environment of `make install`, or whatever `python` is.
python=$FCOS_MM_TOOLS/../.venv/bin/python
[ -x "$python" ] || python=python
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
MASTER_PORT=${MASTER_PORT:-$((20000 + SLURM_JOB_ID % 20000))}
export MASTER_ADDR MASTER_PORT

status=0
srun --kill-on-bad-exit=1 "${PYTHON:-$python}" -u "$FCOS_MM_TOOLS/train.py" "$config" \
    --work-dir "$work_dir" --launcher slurm "$@" || status=$?
# 75: stopped by a signal and saved. Started again, it resumes.
if [ "$status" -eq 75 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
