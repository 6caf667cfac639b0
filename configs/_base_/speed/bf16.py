# Training in bfloat16 on a GPU; losses stay float32. bfloat16 has the range of float32, so that no
# loss is scaled. One kernel updates all weights. Transfers of pinned memory do not wait.
#
#   _base_ = ['./some_config.py', '../_base_/speed/bf16.py']
#   optim_wrapper = {{_base_.bf16_optim_wrapper}}
#   model = dict(data_preprocessor={{_base_.async_preprocessor}})
#   train_dataloader = {{_base_.pinned_dataloader}}
bf16_optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),
    optimizer=dict(fused=True))
async_preprocessor = dict(non_blocking=True)
pinned_dataloader = dict(pin_memory=True)
