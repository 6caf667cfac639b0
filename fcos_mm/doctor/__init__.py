"""Check what is installed on this machine, what is wrong with it, and which command fixes it.

Works where torch or OpenMMLab cannot be imported.
"""
from fcos_mm.doctor.examination import CHECKS, examine, text_report
from fcos_mm.doctor.finding import Finding

__all__ = ['CHECKS', 'Finding', 'examine', 'text_report']
