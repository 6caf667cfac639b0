# float32 training whose products are rounded to TF32 on a GPU: 10 bits of mantissa.
_fragment_ = True
default_hooks = dict(fast_training=dict(channels_last=True, tf32=True))
