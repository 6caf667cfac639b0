"""What ran: data, machine, versions, config."""
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs


def run(inputs: ReportInputs) -> Chapter:
    """Facts on the run, statistics of its data, and its config."""
    splits = inputs.data
    numbers = dict(
        facts=dict(inputs.run), config=inputs.config,
        splits=[[name, split['images'], split['boxes']] for name, split in splits.items()],
        classes=[[label, *(split['classes'][label] for split in splits.values())]
                 for label in inputs.results.classes])
    return Chapter('run', 'Data and run', numbers, 'report/run.html')
