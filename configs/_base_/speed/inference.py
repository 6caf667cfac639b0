# The fastest inference on a CPU without a compiler: besides what is on by default, freed memory
# stays with the process.
#
#   _base_ = ['./some_config.py', '../_base_/speed/inference.py']
#   default_hooks = {{_base_.inference_hooks}}
inference_hooks = dict(fast_inference=dict(options=dict(keep_memory=True)))

# The plain network, exactly as in training.
plain_inference_hooks = dict(fast_inference=dict(enabled=False))
