# The fastest detection (and tests with --fast) on a CPU without a compiler: besides what is on by
# default, freed memory stays with the process.
#
#   _base_ = ['./some_config.py', '../_base_/speed/inference.py']
#   default_hooks = {{_base_.inference_hooks}}
inference_hooks = dict(fast_inference=dict(options=dict(keep_memory=True)))
