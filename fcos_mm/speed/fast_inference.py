"""Tests run on a copy of the network that was made for inference."""

from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import nn

from fcos_mm.registry import HOOKS
from fcos_mm.speed.inference import prepare_for_inference


def prepare_as_configured(model: nn.Module, cfg: ConfigDict) -> nn.Module:
    """Return what a test with this config would run, for other uses of a detector.

    Args:
        model: The detector, its weights loaded.
        cfg: The config; its hook is ``default_hooks.fast_inference``.
    """
    hook = cfg.get('default_hooks', {}).get('fast_inference')
    if hook is None or not hook.get('enabled', True):
        return model
    return prepare_for_inference(model, **hook.get('options', {}))


@HOOKS.register_module()
class FastInferenceHook(Hook):
    """Puts a copy from :func:`prepare_for_inference` in the model's place for a test.

    The runner has its own model back after the test. Validation during training
    is left alone.

    Args:
        enabled: False switches everything off.
        options: Keyword arguments of :func:`prepare_for_inference`.
    """

    # After the hook that puts averaged weights into the model.
    priority = 'LOWEST'

    def __init__(self, *, enabled: bool = True, options: dict | None = None) -> None:
        self.enabled = enabled
        self.options = dict(options or {})
        self._model = None

    def before_test_epoch(self, runner) -> None:
        """Put the copy in the model's place.

        Args:
            runner (Runner): The runner, its weights loaded.
        """
        if not self.enabled:
            return
        self._model = runner.model
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        runner.model = prepare_for_inference(model, **self.options)

    def after_test_epoch(self, runner, metrics: dict | None = None) -> None:
        """Put the model back.

        Args:
            runner (Runner): The runner.
            metrics: Not used.
        """
        if self._model is not None:
            runner.model, self._model = self._model, None
