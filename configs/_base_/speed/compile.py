# Training with network and loss as compiled graphs. Needs a C++ compiler. Compiles once for each
# shape: put batches into few shapes with buckets.py.
_fragment_ = True
default_hooks = dict(fast_training=dict(channels_last=True, compile=dict()))
