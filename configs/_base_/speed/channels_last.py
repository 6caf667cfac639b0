# Training with channels-last feature maps: the order in which tensor cores and oneDNN compute.
_fragment_ = True
default_hooks = dict(fast_training=dict(channels_last=True, keep_memory=True))
