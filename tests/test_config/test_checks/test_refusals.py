"""Errors of building a part that are not about its settings."""
from fcos_mm.config.checks.refusals import explain_refusal


def test_other_errors_are_not_explained():
    explain_refusal('model.neck', {}, None)
    try:
        raise ValueError('num_groups')
    except ValueError as error:
        explain_refusal('model.neck', {}, error)
