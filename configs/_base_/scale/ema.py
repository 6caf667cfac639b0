# A running mean of the weights, which is validated and saved as the model. The weights that are
# trained are kept in the checkpoint's ema_state_dict, from which --resume continues.
_fragment_ = True
custom_hooks = [
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0002, update_buffers=True,
         priority=49)
]
