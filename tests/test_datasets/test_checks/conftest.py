"""What the check of a config's data says."""
import pytest

from fcos_mm.datasets import checks
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError


@pytest.fixture
def clean(folder):
    """The config of a folder without faults."""
    return folder.write()


@pytest.fixture
def error_of():
    """``error_of(cfg, mode='train')``: the message of the error that must come."""

    def run(cfg, mode='train') -> str:
        with pytest.raises(UserError) as caught:
            check_config_data(cfg, mode)
        return str(caught.value)

    return run


@pytest.fixture
def warnings_of(monkeypatch):
    """``warnings_of(cfg, mode='train')``: the warnings, where there is no error."""

    def run(cfg, mode='train') -> list:
        messages = []
        monkeypatch.setattr(checks.config, '_warn', messages.append)
        check_config_data(cfg, mode)
        return messages

    return run
