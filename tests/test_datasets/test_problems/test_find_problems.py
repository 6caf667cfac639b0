"""Each problem is found where it was planted, and none where nothing is wrong."""
import shutil

import cv2
import pytest
from PIL import Image

from fcos_mm.datasets.labelled import splits_of_source
from fcos_mm.datasets.problems.boxes import box_problems
from fcos_mm.datasets.problems.find import find_problems
from fcos_mm.datasets.problems.pictures import read_pictures
from fcos_mm.datasets.sources import recognise
from fcos_mm.errors import UserError

#: A sound dataset of ten images has few boxes of a class.
CLEAN = {('few_boxes', 'train')}


def found(dataset):
    return {(problem.kind, problem.split): problem for problem in dataset.problems()}


def only(dataset):
    """The one problem beside those of a small dataset."""
    problem, = (problem for place, problem in found(dataset).items() if place not in CLEAN)
    return problem


def test_a_sound_dataset(dataset):
    problem, = dataset.problems()
    assert problem.kind == 'few_boxes'
    assert problem.title == '1 of 2 classes has fewer than 20 boxes to learn from'
    assert [case.text for case in problem.cases] == ['cup: 10 boxes']


@pytest.mark.parametrize('kind, box', [
    ('no_area', [5, 5, 0, 9]), ('outside', [97, 5, 4, 4]), ('thin', [30, 5, .5, 9]),
    ('beyond', [70, 50, 30, 10]), ('tiny', [30, 5, 3, 4]), ('huge', [0, 0, 96, 60])])
def test_a_box(dataset, kind, box):
    dataset.boxes[0].update(bbox=box, area=box[2] * box[3] or 1)
    problem = only(dataset)
    assert (problem.kind, problem.count, problem.total) == (kind, 1, 30)
    case, = problem.cases
    assert case.text == f'train1.png (96 x 64): annotation 1, cup, {box}'
    x, y, width, height = box
    assert case.boxes == (((x, y, x + width, y + height), 'cup'), )


@pytest.mark.parametrize('kind, category, box', [
    ('repeated', 1, [2, 3, 20, 20]), ('given_twice', 1, [2, 3, 20, 19.5]),
    ('two_classes', 2, [2, 3, 20, 20])])
def test_a_box_given_twice(dataset, kind, category, box):
    dataset.boxes.append(dict(dataset.boxes[0], id=99, category_id=category, bbox=box))
    problem = only(dataset)
    assert (problem.kind, problem.count) == (kind, 1)
    assert 'annotation 99' in problem.cases[0].text


def test_a_box_is_named_for_the_worst_it_repeats(dataset):
    """It equals one box and nearly equals one of another class."""
    box = dataset.boxes[0]
    dataset.boxes.extend([dict(box, id=98, category_id=2, bbox=[2, 3, 20, 19.5]),
                          dict(box, id=99)])
    problems = {kind: problem.count for (kind, _), problem in found(dataset).items()}
    assert (problems['two_classes'], problems['repeated']) == (1, 1)


def test_the_same_box_in_two_images_is_not_given_twice(dataset):
    dataset.boxes[3]['bbox'] = dataset.boxes[0]['bbox']
    assert {*found(dataset)} == CLEAN


def test_fractions(dataset):
    for box in dataset.boxes:
        x, y, width, height = box['bbox']
        box['bbox'] = [x / 96, y / 64, width / 96, height / 64]
    problem = only(dataset)
    assert problem.kind == 'normalised'
    assert problem.title == '30 of 30 boxes are in fractions of the image size'


def test_corners(dataset):
    for box in dataset.boxes:
        x, y, width, height = box['bbox']
        box['bbox'] = [x, y, x + width, y + height]
    problem = only(dataset)  # of each image the second and third box leave it by far
    assert problem.kind == 'other_form'
    assert problem.title == ('20 of 30 boxes leave their image as x, y, width, height but fit as '
                             'x0, y0, x1, y1')


def test_images_that_are_not_there(dataset):
    (dataset.root / 'images' / 'train3.png').unlink()
    problem = only(dataset)
    assert (problem.kind, problem.count, problem.cases[0].text) == ('missing', 1, 'train3.png')


@pytest.mark.parametrize('size', [0, 60, 0.5])
def test_images_that_cannot_be_read(dataset, size):
    path = dataset.root / 'images' / 'train3.png'
    content = path.read_bytes()
    path.write_bytes(content[:int(size if size > 1 else len(content) * size)])
    problem = only(dataset)
    assert (problem.kind, problem.cases[0].text) == ('unreadable', 'train3.png')


@pytest.mark.parametrize('declared, kind', [((64, 96), 'sides_exchanged'),
                                            ((192, 128), 'other_size')])
def test_another_size(dataset, declared, kind):
    dataset.data['val']['images'][1].update(width=declared[0], height=declared[1])
    problems = found(dataset)
    case, = problems[kind, 'val'].cases
    assert case.text == (f'val2.png: the file is 96 x 64, the annotation has {declared[0]} x '
                         f'{declared[1]}')


@pytest.mark.parametrize('orientation, kind', [(6, 'exif_turned'), (3, 'exif_mirrored'),
                                               (9, 'exif_invalid'), (1, None), (0, None)])
def test_exif(dataset, orientation, kind):
    exif = Image.Exif()
    exif[274] = orientation
    path = dataset.root / 'images' / 'turned.jpg'
    Image.open(dataset.root / 'images' / 'train2.png').save(path, exif=exif)
    (dataset.root / 'images' / 'train2.png').unlink()
    dataset.images[1]['file_name'] = 'turned.jpg'
    assert {key for key, _ in found(dataset)} - {'few_boxes'} == ({kind} if kind else set())


def test_a_file_listed_twice(dataset):
    dataset.images.append(dict(dataset.images[0], id=77))
    problems = found(dataset)
    assert problems['listed_twice', 'train'].cases[0].text == (
        'train1.png: image 77 and image 1')
    assert problems['without_boxes', 'train'].count == 1
    assert ('copies', 'train') not in problems


def test_copies_within_a_split(dataset):
    folder = dataset.root / 'images'
    shutil.copy(folder / 'train1.png', folder / 'train2.png')
    cv2.imwrite(str(folder / 'train4.jpg'), cv2.imread(str(folder / 'train3.png')))
    (folder / 'train4.png').unlink()
    dataset.images[3]['file_name'] = 'train4.jpg'
    problems = found(dataset)
    assert {*problems} - CLEAN == {('copies', 'train'), ('near_copies', 'train')}
    assert problems['copies', 'train'].cases[0].text == 'train2.png: like train1.png'
    assert problems['near_copies', 'train'].cases[0].text == 'train4.jpg: like train3.png'


def test_leaks(dataset):
    folder = dataset.root / 'images'
    shutil.copy(folder / 'val1.png', folder / 'train2.png')
    cv2.imwrite(str(folder / 'train4.png'), cv2.imread(str(folder / 'val3.png')) // 2)
    problems = found(dataset)
    assert {*problems} - CLEAN == {('leak_copy', 'train'), ('leak_near', 'train')}
    leak = problems['leak_copy', 'train']
    assert leak.title == '1 of 10 images is also in val, byte for byte'
    assert leak.cases[0].text == 'train2.png: like val1.png'
    assert leak.cases[0].twin.path.endswith('val1.png')
    assert problems['leak_near', 'train'].cases[0].text == 'train4.png: like val3.png'


def test_images_that_are_not_listed(dataset):
    path = dataset.draw('spare.png')
    problem = only(dataset)
    assert (problem.kind, problem.cases[0].text) == ('unlisted', str(path))


def test_classes(dataset):
    dataset.data['train']['categories'] += [dict(id=3, name='Cup '), dict(id=4, name='lid')]
    dataset.boxes[0]['category_id'] = 3
    problems = found(dataset)
    assert [case.text for case in problems['similar_names', 'train, val'].cases] == [
        "Cup : like 'cup'"]
    assert [case.text for case in problems['no_boxes', 'val'].cases] == [
        'Cup : 1 box elsewhere', 'lid: 0 boxes elsewhere']
    assert [case.text for case in problems['no_boxes', 'train'].cases] == [
        'lid: 0 boxes elsewhere']


def test_an_image_without_boxes(dataset):
    del dataset.boxes[:3]
    problem = only(dataset)
    assert (problem.kind, problem.count, problem.cases[0].text) == (
        'without_boxes', 1, 'train1.png')


def test_entries_that_cannot_be_read(dataset):
    dataset.boxes[0]['bbox'] = [1, 2, 3]
    dataset.boxes[1]['image_id'] = 555
    problems = [problem for problem in dataset.problems() if problem.kind == 'format']
    assert [problem.about.level for problem in problems] == ['error']
    assert 'bbox of 1 of 30 annotations is not four finite numbers' in problems[0].title


def test_areas_that_are_no_numbers(dataset):
    """The area of the box counts; the entry is a fault of the file."""
    for box, area in zip(dataset.boxes, ['', None, []]):
        box['area'] = area
    assert only(dataset).title == "area of 3 of 30 annotations is not a finite number"


def test_broken_categories_are_refused(dataset):
    dataset.data['val']['categories'][0]['name'] = ['cup']
    with pytest.raises(UserError, match='name of 1 of 2 categories is not text'):
        dataset.problems()


@pytest.mark.parametrize('ids, kind, count', [
    ([7, 7, 109], 'ids', 3), ([None, 102, 103], 'ids', 1), ([0, 102, 103], 'id_zero', 1)])
def test_ids(dataset, ids, kind, count):
    """7 is also the id of another image's first box."""
    for box, number in zip(dataset.boxes, ids):
        box['id'] = number
    problem = only(dataset)
    assert (problem.kind, problem.count) == (kind, count)


def test_errors_come_first(dataset):
    dataset.boxes[0]['bbox'] = [5, 5, 0, 9]
    dataset.draw('spare.png')
    (dataset.root / 'images' / 'val3.png').unlink()
    assert [problem.about.level for problem in dataset.problems()] == [
        'error', 'warning', 'warning', 'note']


def test_real_blood_cells(real_data):
    """Two boxes without area, and two views of one slide in two splits; nothing else."""
    splits = splits_of_source(recognise(str(real_data / 'bccd')))
    problems = find_problems(splits, read_pictures(splits))
    assert [(problem.split, problem.title) for problem in problems] == [
        ('train', '1 box skipped: no area'), ('val', '1 box skipped: no area'),
        ('train', '1 of 205 images has a near copy in val')]
    case, = problems[0].cases  # of a box that was skipped, too, the image can be shown
    (box, name), = case.boxes
    assert case.path.endswith('.jpg') and case.size == (640, 480) and name == 'RBC'
    assert case.text.endswith(f'box {[*box]}')


def test_boxes_of_coco(real_data):
    """Its images are not there; of the boxes, what can be seen when they are drawn."""
    path = real_data / 'coco' / 'instances_val2017_bbox.json'
    problems = [*box_problems(splits_of_source(recognise(str(path)))[0])]
    assert {problem.kind: problem.count for problem in problems if problem is not None} == {
        'thin': 1, 'tiny': 148, 'huge': 306, 'given_twice': 2, 'two_classes': 49}
