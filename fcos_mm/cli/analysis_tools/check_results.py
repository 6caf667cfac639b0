"""``fcos-mm check-results``: check whether COCO's server accepts a file of detections."""
import argparse

_EXAMPLE = '''example:
  %(prog)s work_dirs/test-dev.bbox.json \\
      data/coco/annotations/image_info_test-dev2017.json

`fcos-mm test` writes such a file if the config's metric has an outfile_prefix:
test_evaluator.outfile_prefix=work_dirs/test-dev, with test_evaluator.format_only=True
if there are no annotations to evaluate against.'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Check whether COCO's evaluation server accepts a file of detections. "
        'Exit status: 0 accepted, 1 not accepted, 2 not readable.')
    parser.epilog = _EXAMPLE
    parser.add_argument('results', metavar='RESULTS.bbox.json', help='the file of detections')
    parser.add_argument('annotations', metavar='ANN.json',
                        help='the images in COCO format, with or without annotations')


def run(args: argparse.Namespace) -> int:
    """Check the file and print what it holds; 0 if the server accepts it, else 1.

    Raises:
        UserError: If a file is missing or holds something else.
    """
    from fcos_mm.analysis.result_file import check_result_file
    report = check_result_file(args.results, args.annotations)
    print(report.text())
    verdict = 'is not' if report.faults else 'is'
    print(f'{args.results} {verdict} what the evaluation server accepts.')
    return 1 if report.faults else 0
