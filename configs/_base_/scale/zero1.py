# ZeRO stage 1: each process keeps its share of the optimizer's state (momentum) and updates its
# share of the weights. Keeps lr, momentum and weight decay of the config's SGD.
_fragment_ = True
optim_wrapper = dict(optimizer=dict(type='ZeroRedundancyOptimizer', optimizer_type='SGD'))
