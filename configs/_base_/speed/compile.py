# Network and loss as compiled graphs, for training, and for detection and tests with --fast. Needs
# a C++ compiler.
# Compiles once for each shape: put batches into few shapes with buckets.py.
#
#   _base_ = ['./some_config.py', '../_base_/speed/compile.py', '../_base_/speed/buckets.py']
#   default_hooks = {{_base_.compiled_hooks}}
#   model = dict(data_preprocessor={{_base_.bucketed_preprocessor}})
compiled_hooks = dict(fast_training=dict(channels_last=True, compile=dict()))

# Detection: shapes vary from picture to picture, so the sizes stay symbols. Freezing makes constants
# of the weights, which are laid out for the convolutions once.
compiled_inference_hooks = dict(
    fast_inference=dict(
        options=dict(keep_memory=True, compile=dict(dynamic=True, options=dict(freezing=True)))))
