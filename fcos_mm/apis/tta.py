"""Test-time augmentation: each image and its mirror image, merged by NMS."""
import copy

from mmengine.config import Config, ConfigDict

from fcos_mm.config.datasets import leaf_datasets

_META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
              'flip_direction')


def set_tta(cfg: Config) -> None:
    """Make a config test with augmentation.

    A config says how by ``tta_model`` and ``tta_pipeline``. Where it does not,
    the image and its mirror image are merged.

    Args:
        cfg: The config, changed in place.
    """
    if 'tta_model' not in cfg:
        cfg.tta_model = dict(
            type='mmdet.DetTTAModel',
            tta_cfg=dict(nms=dict(type='nms', iou_threshold=0.5), max_per_img=100))
    for _, dataset in leaf_datasets(cfg.test_dataloader.dataset, 'test_dataloader.dataset'):
        if 'tta_pipeline' not in cfg:
            cfg.tta_pipeline = _flip_pipeline(dataset.pipeline)
        dataset.pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def _flip_pipeline(pipeline: list) -> list:
    """A test pipeline whose last step, packing, is done for both images."""
    flips = [dict(type='RandomFlip', prob=prob) for prob in (1., 0.)]
    pack = [dict(type='PackDetInputs', meta_keys=_META_KEYS)]
    return [*copy.deepcopy(pipeline[:-1]), dict(type='TestTimeAug', transforms=[flips, pack])]
