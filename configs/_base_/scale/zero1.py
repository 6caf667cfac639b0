# ZeRO stage 1: each process keeps its share of the optimizer's state (momentum) and updates its
# share of the weights. Keeps lr, momentum and weight decay of the config's SGD.
#
#   _base_ = ['./some_config.py', '../_base_/scale/zero1.py']
#   optim_wrapper = dict(optimizer={{_base_.zero1_optimizer}})
zero1_optimizer = dict(type='ZeroRedundancyOptimizer', optimizer_type='SGD')
