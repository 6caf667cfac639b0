# Training with channels-last feature maps: the order in which tensor cores and oneDNN compute.
#
#   _base_ = ['./some_config.py', '../_base_/speed/channels_last.py']
#   default_hooks = {{_base_.channels_last_hooks}}
channels_last_hooks = dict(fast_training=dict(channels_last=True, keep_memory=True))
