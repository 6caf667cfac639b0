"""The page, with a server that is imitated in the browser."""
import base64
import hashlib
import json
import re

import pytest

from fcos_mm.serving.page import page

EVIL = '<img src=x onerror=alert(1)>'
MODEL = dict(model='tiny.onnx', classes=['cup', EVIL], thresholds=[.5, .9])
ANSWER = dict(image=dict(width=80, height=60), time_ms=12.3, detections=[
    dict(name='cup', label=0, score=.95, box=[4, 4, 40, 40]),
    dict(name=EVIL, label=1, score=.6, box=[30, 20, 79, 59]),
    dict(name='cup', label=0, score=.2, box=[-5, 50, 20, 90])])

IMITATION = '''
const asked = [], answers = [
  () => new Response(JSON.stringify(%s)),
  () => new Response('{"error": "Too large: <b>10 MB</b>."}', { status: 413 }),
  () => new Response('no JSON', { status: 502 }),
  () => { throw new TypeError('Failed to fetch'); },
];
window.fetch = async (address, options) => {
  if (address === 'model') return new Response(JSON.stringify(%s));
  asked.push([address, options.method, options.headers['Content-Type'], options.body.name]);
  return answers.shift()();
};
'''

LOOK = '''
const $ = id => document.getElementById(id), pause = () => new Promise(go => setTimeout(go, 100));
const rows = () => Array.from(document.querySelectorAll('#rows tr'), row =>
  Array.from(row.cells, cell => cell.textContent));
const pixels = () => $('canvas').toDataURL();
(async () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [80, 60];
  canvas.getContext('2d').fillRect(0, 0, 40, 60);
  const blob = await new Promise(done => canvas.toBlob(done));
  const drop = async () => {
    const data = new DataTransfer();
    data.items.add(new File([blob], 'a.png', { type: 'image/png' }));
    dispatchEvent(new DragEvent('drop', { dataTransfer: data }));
    await pause();
  };
  const seen = { before: $('result').hidden, model: $('model').textContent };
  await drop();
  Object.assign(seen, {
    rows: rows(), message: $('message').textContent, label: $('canvas').getAttribute('aria-label'),
    count: $('count').textContent, size: [canvas.width, $('canvas').height > 0],
    width: [innerWidth, document.documentElement.scrollWidth] });
  const plain = pixels();
  $('rows').rows[0].focus();
  seen.lit = pixels() !== plain;
  $('score').value = 0;
  $('score').dispatchEvent(new Event('input'));
  seen.all = rows().length;
  seen.shown = $('shown').textContent;
  $('auto').click();
  seen.again = rows().length;
  seen.errors = [];
  for (let index = 0; index < 3; index += 1) {
    await drop();
    seen.errors.push([$('message').textContent, $('message').getAttribute('role')]);
  }
  seen.kept = rows().length;
  seen.asked = asked;
  seen.focusable = ['file', 'score', 'auto'].map(id => $(id).tabIndex);
  parent.postMessage([location.hash.slice(1), seen, document.documentElement.outerHTML], '*');
})();
return null;
'''


@pytest.fixture(scope='module')
def seen(browser, tmp_path_factory):
    """The page in a browser, as wide as a desktop and as a phone."""
    script = IMITATION % (json.dumps(ANSWER), json.dumps(MODEL))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text, _ = page()
    text = text.replace('script-src ', f"script-src 'sha256-{digest}' ", 1)
    path = tmp_path_factory.mktemp('serving') / 'index.html'
    path.write_text(text.replace('<style>', f'<script>{script}</script><style>', 1))
    return browser.look(path, LOOK, widths=(1280, 390))


@pytest.mark.parametrize('width', [1280, 390])
def test_a_dropped_picture_is_sent_and_its_detections_are_shown(seen, width):
    result = seen.results[width]
    assert result['before'] and result['model'] == f'tiny.onnx: cup, {EVIL}'
    assert result['rows'] == [['cup', '0.950', '4, 4, 40, 40']]
    assert result['message'] == '80 × 60 pixels, 12 ms'
    assert result['label'] == 'The picture with 1 cup' and result['count'] == '1 shown of 3'
    assert result['asked'][0] == ['detect?score_thr=0', 'POST', 'image/png', 'a.png']
    assert result['width'] == [width, width]


def test_the_threshold_is_chosen_without_another_request(seen):
    result = seen.results[1280]
    assert (result['all'], result['shown'], result['again']) == (3, '0.00', 1)
    assert len(result['asked']) == 4


def test_a_row_lights_its_box_up(seen):
    assert seen.results[1280]['lit']


def test_errors_are_told_and_the_last_result_stays(seen):
    assert seen.results[1280]['errors'] == [
        ['Too large: <b>10 MB</b>.', 'alert'],
        ['The server answered with status 502.', 'alert'],
        ['The server cannot be reached.', 'alert']]
    assert seen.results[1280]['kept'] == 1


def test_keys_reach_all_controls(seen):
    assert seen.results[1280]['focusable'] == [0, 0, 0]


def test_it_asks_no_other_host_and_reports_no_error(seen):
    assert seen.console == [] and seen.requests == []


def test_the_page_loads_nothing_and_only_its_script_may_run():
    text, headers = page()
    policy = headers['content-security-policy']
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert 'unsafe' not in policy and policy.endswith("frame-ancestors 'none'")
    assert '{script}' not in text and '{style}' not in text
    assert not re.search(r'(src|href)="(?!data:,)', text) and 'http' not in re.sub(
        'http-equiv', '', text)
