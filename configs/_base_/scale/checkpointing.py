# Activation checkpointing: what the stages of a ResNet compute between their inputs and outputs is
# computed again in the backward pass instead of kept. Less memory, more time, the same gradients.
#
#   _base_ = ['./some_config.py', '../_base_/scale/checkpointing.py']
#   model = {{_base_.checkpointed_model}}
checkpointed_model = dict(backbone=dict(with_cp=True))
