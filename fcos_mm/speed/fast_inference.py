"""Detect, or test with ``--fast``, on a copy of the network made for inference."""
from mmengine.config import Config
from mmengine.hooks import Hook
from torch import nn

from fcos_mm.compat.modules import inner_model
from fcos_mm.registry import HOOKS
from fcos_mm.speed.inference import prepare_for_inference


def prepare_as_configured(model: nn.Module, cfg: Config) -> nn.Module:
    """The copy for detection, made with the options of ``default_hooks.fast_inference``.

    Without the hook the detector is returned as it is.
    """
    hook = cfg.get('default_hooks', {}).get('fast_inference')
    return model if hook is None else prepare_for_inference(model, **(hook.get('options') or {}))


@HOOKS.register_module()
class FastInferenceHook(Hook):
    """Replaces the model by a copy from :func:`prepare_for_inference` during a test.

    Validation during training always runs the network as written.

    Args:
        enabled: Whether tests run on the copy; ``tools/test.py --fast`` sets it. Detection does
            so in any case.
        options: Keyword arguments of :func:`prepare_for_inference`.
    """

    # After the hook that puts averaged weights into the model.
    priority = 'LOWEST'

    def __init__(self, *, enabled: bool = False, options: dict | None = None) -> None:
        self.enabled = enabled
        self.options = dict(options or {})

    def before_test_epoch(self, runner) -> None:
        """Replace the model."""
        if self.enabled:
            self._model = runner.model
            runner.model = prepare_for_inference(
                inner_model(runner.model, tta=False), **self.options)

    def after_test_epoch(self, runner, metrics: dict | None = None) -> None:
        """Put the model back."""
        if self.enabled:
            runner.model = self._model
