"""``COCO``: pycocotools' index over what :func:`read_coco` reads."""
import contextlib
import io

from pycocotools.coco import COCO as PyCOCO

from fcos_mm.datasets.coco_format import read_coco


class COCO(PyCOCO):
    """Annotations in COCO's format, indexed without printing.

    It has the names that mmdet calls, and differs from mmdet's and pycocotools' in
    three ways:

    - The file is read by :func:`read_coco`.
    - Annotations are numbered 1, 2, ... where their ids are not positive whole
      numbers, each its own: pycocotools takes id 0 for "not matched".
    - Ids of categories come in the order of the names that are asked for, so
      that labels follow ``metainfo.classes``. Elsewhere they come in the order
      of the file, so that the classes have to follow that.
    """

    def __init__(self, annotation_file: str | None = None) -> None:
        super().__init__()
        if annotation_file is not None:
            self.dataset = read_coco(annotation_file, annotated=False)
            self.createIndex()

    @classmethod
    def of(cls, dataset: dict) -> 'COCO':
        """Index ``images``, ``categories`` and, if there are any, ``annotations``."""
        coco = cls()
        coco.dataset = dataset
        coco.createIndex()
        return coco

    def createIndex(self) -> None:
        """Index ``dataset``; its annotations are numbered anew where that is needed."""
        boxes = self.dataset.get('annotations', [])
        ids = {box['id'] for box in boxes if type(box.get('id')) is int and box['id'] > 0}
        if len(ids) < len(boxes):
            numbered = [dict(box, id=number) for number, box in enumerate(boxes, start=1)]
            self.dataset = dict(self.dataset, annotations=numbered)
        with contextlib.redirect_stdout(io.StringIO()):
            super().createIndex()
        self.img_ann_map, self.cat_img_map = self.imgToAnns, self.catToImgs

    def getCatIds(self, catNms=(), supNms=(), catIds=()) -> list:
        """Ids of categories that fulfil all of it, in the order of the names if there are any."""
        found = super().getCatIds([], supNms, catIds)
        names = [catNms] if isinstance(catNms, str) else list(catNms)
        if not names:
            return found
        return [key for name in names for key in found if self.cats[key]['name'] == name]

    # mmdet's names; it also passes arguments by these
    def get_ann_ids(self, img_ids=(), cat_ids=(), area_rng=(), iscrowd=None) -> list:
        return self.getAnnIds(img_ids, cat_ids, area_rng, iscrowd)

    def get_cat_ids(self, cat_names=(), sup_names=(), cat_ids=()) -> list:
        return self.getCatIds(cat_names, sup_names, cat_ids)

    def get_img_ids(self, img_ids=(), cat_ids=()) -> list:
        return self.getImgIds(img_ids, cat_ids)

    load_anns, load_cats, load_imgs = PyCOCO.loadAnns, PyCOCO.loadCats, PyCOCO.loadImgs
