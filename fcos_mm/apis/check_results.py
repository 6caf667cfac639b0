"""Checking results before they are sent: ``tools/analysis_tools/check_results.py``."""
import argparse
from typing import Optional, Sequence

from fcos_mm.analysis.result_file import check_result_file

_EXAMPLE = '''example:
  python tools/analysis_tools/check_results.py work_dirs/test-dev.bbox.json \\
      data/coco/annotations/image_info_test-dev2017.json

tools/test.py writes such a file where the config's metric has an outfile_prefix:
test_evaluator.outfile_prefix=work_dirs/test-dev, and test_evaluator.format_only=True
where there are no annotations to evaluate by.'''


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Check the file that the command line names and print what it holds.

    Args:
        argv: The words of the command line; those of the process if None.

    Returns:
        The exit status: 0 if the server takes the file, 1 if not.

    Raises:
        UserError: If a file is missing or holds something else.
    """
    args = parse_args(argv)
    report = check_result_file(args.results, args.annotations)
    print(report.text())
    if report.faults:
        print(f'{args.results} is not what the evaluation server takes.')
        return 1
    print(f'{args.results} is what the evaluation server takes.')
    return 0


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Parse the options of ``tools/analysis_tools/check_results.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    parser = argparse.ArgumentParser(
        description="See whether a file of detections is what COCO's evaluation server takes. "
        'Exit status: 0 it is, 1 it is not, 2 it cannot be read.',
        epilog=_EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', metavar='RESULTS.bbox.json', help='the file of detections')
    parser.add_argument('annotations', metavar='ANN.json',
                        help='the images in COCO\'s format, with or without annotations')
    return parser.parse_args(argv)
