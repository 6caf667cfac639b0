# float32 training whose products are rounded to TF32 on a GPU: 10 bits of mantissa.
#
#   _base_ = ['./some_config.py', '../_base_/speed/tf32.py']
#   default_hooks = {{_base_.tf32_hooks}}
tf32_hooks = dict(fast_training=dict(channels_last=True, tf32=True))
