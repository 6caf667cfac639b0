"""Class names in any script."""
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from fcos_mm.visualization import drawable, font_families, fonts, labels
from fcos_mm.visualization.labels import visual_order


@pytest.fixture
def bare(monkeypatch):
    """A machine with matplotlib's own font only and nothing reported yet."""
    monkeypatch.setattr(fonts, 'font_files', list)
    monkeypatch.setattr(labels, '_reported', set())
    base = fonts.Fonts()
    monkeypatch.setattr(labels, '_fonts', lambda: base)
    monkeypatch.setattr(labels, 'SHAPES_TEXT', False)
    return base


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(labels, 'print_log', lambda line, **_: lines.append(line))
    return lines


def write_font(path, text, family='Trial'):
    """A font in which every character of a text is a square."""
    pen = TTGlyphPen(None)
    for number, place in enumerate([(0, 0), (0, 700), (700, 700), (700, 0)]):
        pen.lineTo(place) if number else pen.moveTo(place)
    pen.closePath()
    names = ['.notdef', *(f'u{ord(char):X}' for char in text)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(char): f'u{ord(char):X}' for char in text})
    builder.setupGlyf({name: pen.glyph() for name in names})
    builder.setupHorizontalMetrics({name: (800, 0) for name in names})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable(dict(familyName=family, styleName='Regular'))
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


# the name, what is drawn with matplotlib's own font, why it is here
NAMES = [
    ('cup', 'cup', 'nothing to do'),
    ('猫狗', 'MaoGou', 'Chinese'),
    ('강아지', 'GangAJi', 'Korean'),
    ('ネコ', 'neko', 'Japanese'),
    ('Ｃａｔ', 'Cat', 'wide Latin'),
    ('\U0001f415', ':dog2:', 'an emoji'),
    ('\U0001f697\ufe0f', ':red_car:', 'with a selector'),
    ('\U0001f44d\U0001f3fd', ':thumbsup:', 'with a skin tone'),
    ('Ж é ß', 'Ж é ß', 'the font has them'),
    ('$5 $x^', r'\$5 \$x^', 'no formula: matplotlib would not draw it'),
    ('a\nb\0', 'a b ', 'control characters'),
    ('a\ud800', 'a?', 'half of a character'),
    ('\ue000', 'U+E000', 'private use'),
    ('חתול 2', 'לותח 2', 'Hebrew, from the right'),
    ('\u0915\u094d\u0937', 'ks', 'a mark of Devanagari that has no sound'),
    ('', '', 'empty'),
]


@pytest.mark.parametrize('name, drawn', [row[:2] for row in NAMES], ids=[row[2] for row in NAMES])
def test_names_without_a_font(bare, logged, name, drawn):
    assert drawable([name]) == [drawn]


# the word, the codes that are drawn from the left, why it is here
ARABIC = [
    ('\u0642\u0637\u0629', [0xFE94, 0xFEC4, 0xFED7], 'initial, medial, final'),
    ('\u062f\u0627\u0631', [0xFEAD, 0xFE8D, 0xFEA9], 'dal, alef and reh do not join to the left'),
    ('\u0633\u0644\u0627\u0645', [0xFEE1, 0xFEFC, 0xFEB3], 'lam and alef are one sign'),
    ('\u06af\u0631\u0628\u0647', [0xFEEA, 0xFE91, 0xFEAE, 0xFB94], 'a letter of Persian'),
    ('\u0628\u064e\u0628', [0xFE90, 0xFE91, 0x064E], 'a mark does not part letters'),
    ('\u0628\u0640\u0628', [0xFE90, 0x0640, 0xFE91], 'a stretched join'),
    ('\u0628\u200c\u0628', [0xFE8F, 0xFE8F], 'a non-joiner parts them'),
    ('\u0645\u06cc\u200c\u0631', [0xFEAD, 0xFBFD, 0xFEE3], '... within one word from the right'),
    ('\u0627\u0644\u0644\u0647', [0xFEEA, 0xFEE0, 0xFEDF, 0xFE8D], 'no ligature but lam-alef'),
]


@pytest.mark.parametrize('word, codes', [row[:2] for row in ARABIC],
                         ids=[row[2] for row in ARABIC])
def test_arabic(bare, logged, word, codes):
    assert [ord(char) for char in drawable([word])[0]] == codes
    assert not logged  # matplotlib's font has them all


def test_words_from_the_right_among_others(bare):
    assert visual_order('a \u05d0\u05d1 \u05d2\u05d3: 95.3') == 'a \u05d3\u05d2 \u05d1\u05d0: 95.3'


def test_a_matplotlib_that_shapes_text_gets_it_in_reading_order(monkeypatch):
    monkeypatch.setattr(labels, 'SHAPES_TEXT', True)
    assert visual_order(ARABIC[0][0]) == ARABIC[0][0]


def test_the_font_is_named_once_for_a_kind_of_characters(bare, logged):
    drawable(['猫 95.0', 'cup'])
    drawable(['狗'])
    assert len(logged) == 1
    assert 'drawn instead: 猫 95.0 as Mao 95.0.\nInstall Noto Sans CJK or' in logged[0]
    assert 'apt-get install fonts-noto-cjk)' in logged[0]
    drawable(['\U0001f415'])
    assert len(logged) == 2 and 'Symbola' in logged[1]


def test_a_font_that_has_the_characters_is_used(bare, logged, monkeypatch, tmp_path):
    few = write_font(tmp_path / 'a.ttf', '猫', 'Few Trial')
    most = write_font(tmp_path / 'b.ttf', '猫狗', 'Most Trial')
    (tmp_path / 'damaged.ttf').write_bytes(b'\0\1\0\0no font')
    monkeypatch.setattr(fonts, 'font_files',
                        lambda: [str(tmp_path / 'damaged.ttf'), few, most, 'gone.ttf'])
    monkeypatch.setattr(font_manager.fontManager, 'ttflist',
                        list(font_manager.fontManager.ttflist))
    assert drawable(['猫狗', '鳥']) == ['猫狗', 'Niao'] and len(logged) == 1
    assert font_families() == ['sans-serif', 'Most Trial']
    path = font_manager.findfont(font_manager.FontProperties(family=['Most Trial']))
    assert path == most


def test_fonts_that_draw_boxes_are_the_last_choice():
    order = sorted(['LastResort.ttf', 'Some-Bold.ttf', 'Some-Regular.ttf', 'Some-Serif.ttf'],
                   key=fonts._preference)
    assert order == ['Some-Regular.ttf', 'Some-Bold.ttf', 'Some-Serif.ttf', 'LastResort.ttf']
