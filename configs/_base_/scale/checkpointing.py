# Activation checkpointing: what the stages of a ResNet compute between their inputs and outputs is
# computed again in the backward pass instead of kept. Less memory, more time, the same gradients.
_fragment_ = True
model = dict(backbone=dict(with_cp=True))
