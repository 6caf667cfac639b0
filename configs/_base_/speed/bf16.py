# Training in bfloat16 on a GPU, or on a CPU with AMX; losses stay float32. bfloat16 has the range of float32, so that no
# loss is scaled. One kernel updates all weights. Transfers of pinned memory do not wait.
_fragment_ = True
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),
    optimizer=dict(fused=True))
model = dict(data_preprocessor=dict(non_blocking=True))
train_dataloader = dict(pin_memory=True)
