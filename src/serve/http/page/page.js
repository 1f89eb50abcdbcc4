'use strict';

const element = (id) => document.getElementById(id);
const number = (value, digits) => Number(value).toFixed(digits);

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

// Names and errors come from outside. On one line nothing of them looks like a line of the page, and no letter turns the others round.
const oneLine = (text) => String(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ');

// Pictures that never end would keep the page from being complete.
const whenLoaded = new Promise((resolve) => window.addEventListener('load', () => setTimeout(resolve, 0)));

// One card a camera, made when it is first heard of. A program that was started anew may give an id to another camera.
const cards = new Map();

function makeCard({id, name}, started) {
  const card = document.createElement('article');
  card.className = 'camera';
  const title = document.createElement('h2');
  const label = document.createElement('span');
  label.textContent = oneLine(name);
  const state = document.createElement('span');
  state.className = 'state';
  title.append(label, state);
  const frame = document.createElement('div');
  frame.className = 'picture';
  const picture = document.createElement('img');
  picture.alt = `newest frame of ${oneLine(name)}, with its detections`;
  picture.addEventListener('click', () => picture.classList.toggle('large'));
  frame.append(picture);
  const ask = (query) => { if (card.isConnected) picture.src = `/camera/${id}.mjpeg${query}`; };
  whenLoaded.then(() => ask(''));
  // A stream that ended is asked for again.
  picture.addEventListener('error', () => setTimeout(() => ask(`?${Date.now()}`), 3000));
  const figures = document.createElement('dl');
  figures.className = 'figures';
  const found = document.createElement('p');
  found.className = 'found';
  const error = document.createElement('p');
  error.className = 'error';
  const regions = document.createElement('p');
  regions.className = 'regions';
  card.append(title, frame, found, regions, figures, error);
  element('cameras').append(card);
  return {name, started, card, picture, state, figures, found, regions, error, last: null};
}

function showFigures(list, pairs) {
  list.replaceChildren(...pairs.map(([term, value]) => {
    const item = document.createElement('div');
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = term;
    dd.textContent = value;
    item.append(dt, dd);
    return item;
  }));
}

function showCamera(camera, result, started, now) {
  if (!cards.has(camera.id)) cards.set(camera.id, makeCard(camera, started));
  const card = cards.get(camera.id);
  card.state.textContent = camera.state;
  card.state.className = `state ${camera.state}`;
  // Its place is kept while no picture has come.
  if (camera.width > 0) card.picture.style.aspectRatio = `${camera.width} / ${camera.height}`;
  const before = card.last;
  const results = camera.detected + camera.tracked + camera.still;
  const rate = (value, last) => number((value - last) / ((now - before.now) / 1000), 1);
  const fps = before ? rate(results, before.results) : '…';
  const looked = before ? rate(camera.detected, before.detected) : '…';
  card.last = {results, detected: camera.detected, now};
  showFigures(card.figures, [
    ['results a second', fps],
    ['detections a second', looked],
    ['age of the newest', `${number(result ? result.age_ms : 0, 0)} ms`],
    ['age, median', `${number(camera.age_ms_p50, 0)} ms`],
    ['age, 99th percentile', `${number(camera.age_ms_p99, 0)} ms`],
    ['skipped for a newer', camera.skipped_newer],
    ['skipped as too old', camera.skipped_old],
    ['times opened', camera.openings],
  ]);
  const counts = new Map();
  for (const d of result ? result.detections : []) counts.set(d.name, (counts.get(d.name) || 0) + 1);
  card.found.textContent = [...counts].map(([name, n]) => `${n} ${oneLine(name)}`).join(', ') || 'no objects';
  card.regions.textContent = [
    ...Object.entries(camera.zones || {}).map(([name, z]) => `${oneLine(name)}: ${z.inside} inside, ${z.entered} entered`),
    ...Object.entries(camera.lines || {}).map(([name, l]) => `${oneLine(name)}: ${l.to_right} to the right, ${l.to_left} to the left`),
  ].join(' · ');
  card.error.textContent = oneLine(camera.error);
}

function dropCards(cameras, started) {
  const names = new Map(cameras.map((camera) => [camera.id, camera.name]));
  for (const [id, card] of cards) {
    if (names.get(id) === card.name && started === card.started) continue;
    card.card.remove();
    card.picture.removeAttribute('src');  // ends its stream
    cards.delete(id);
  }
}

function showService(state) {
  const lines = [];
  if (state.governor) {
    const {skip, reason} = state.governor;
    lines.push(`to hold the goals: ${skip} frames skipped${reason ? ` (${oneLine(reason)})` : ''}`);
  }
  if (state.pose) {
    const {network, people_per_frame: people, ms_p50: ms, skipped} = state.pose;
    lines.push(`keypoints by ${oneLine(network)}: ${number(people, 1)} people a frame, ${number(ms, 1)} ms each, ${skipped} waited for a turn`);
  }
  if (state.mqtt) {
    const {connected, delivered, waiting, lost, error} = state.mqtt;
    lines.push(`MQTT: ${connected ? 'connected' : `away (${oneLine(error)})`}, ${delivered} delivered, ${waiting} waiting, ${lost} lost`);
  }
  if (state.configuration) {
    const {loaded, error} = state.configuration;
    lines.push(`configuration of ${new Date(loaded * 1000).toLocaleString()}`);
    if (error) lines.push(`its last change is not in use: ${oneLine(error)}`);
  }
  element('service').textContent = lines.join('\n');
}

// What runs, and how the machine is.
function showAbout(state) {
  const since = new Date(state.started * 1000).toLocaleString('en-GB', {dateStyle: 'medium', timeStyle: 'short'});
  const parts = [oneLine(state.model), `${oneLine(state.engine)}, ${state.precision}`, `memory ${number(state.rss_mb, 0)} MB`];
  if (state.celsius !== undefined) parts.push(`processor ${number(state.celsius, 0)} °C`);
  element('about').textContent = [...parts, `octet ${state.version}`, `since ${since}`].join(' · ');
}

async function refresh() {
  try {
    const [state, results] = await Promise.all([get('/api/state'), get('/api/results')]);
    const now = performance.now();
    dropCards(state.cameras, state.started);
    const byName = new Map(Object.entries(results));
    state.cameras.forEach((camera) => showCamera(camera, byName.get(camera.name), state.started, now));
    showService(state);
    const up = state.cameras.filter((camera) => camera.state === 'up').length;
    element('summary').textContent = `${up} of ${state.cameras.length} ${state.cameras.length === 1 ? 'camera' : 'cameras'} up`;
    showAbout(state);
    showInputs(state.inputs, state.input);
    showSettings(state.settings);
  } catch (error) {
    element('summary').textContent = `no answer: ${oneLine(error.message)}`;
  }
  setTimeout(refresh, 1000);
}

// The last hour, a value a second.
const kept = 3600;
const columns = ['time', 'fps', 'age_ms_p50', 'age_ms_p99', 'cpu_percent'];
const history = new Map(columns.map((name) => [name, []]));
const plots = [
  {id: 'plot-fps', series: [['results a second', 'fps']]},
  {id: 'plot-age', series: [['median', 'age_ms_p50'], ['99th percentile', 'age_ms_p99']], withResults: true},
  {id: 'plot-cpu', series: [['processor, %', 'cpu_percent']]},
];

// A second without a result has no age.
function seriesOf(plot) {
  const shown = (_, i) => !plot.withResults || history.get('fps')[i] > 0;
  return plot.series.map(([name, column]) => ({name, x: history.get('time').filter(shown), y: history.get(column).filter(shown)}));
}

async function plot() {
  try {
    const times = history.get('time');
    const since = times.length > 0 ? times[times.length - 1] + 1 : 0;
    const news = await get(`/api/history?since=${since}`);
    for (const [name, values] of history) {
      values.push(...news[name]);
      values.splice(0, Math.max(0, values.length - kept));
    }
    for (const p of plots) {
      if (p.update) p.update(seriesOf(p));
      else p.update = octetCharts.draw(element(p.id), {kind: 'lines', x: {title: 'time', clock: true}, y: {low: 0}, series: seriesOf(p)});
    }
  } catch (error) {
    // The summary says that nobody answers.
  }
  setTimeout(plot, 2000);
}

// Which input sizes there are to choose from, and which one looks now.
function showInputs(inputs, now) {
  const select = element('imgsz');
  if (document.activeElement === select) return;
  const text = ({width, height}) => `${width}×${height}`;
  const options = inputs.map((size) => new Option(text(size), Math.max(size.width, size.height)));
  select.disabled = inputs.length < 2;
  const automatic = select.disabled ? inputs.map(text).join() : `as the goals decide, now ${text(inputs[now])}`;
  select.replaceChildren(new Option(automatic, 'auto'), ...options);
  element('imgsz-note').textContent = select.disabled ? 'There is one size. Start with --imgsz auto for three.' : '';
}

// What the user is changing is not overwritten.
function showSettings(settings) {
  for (const [name, value] of Object.entries(settings)) {
    const input = element(name);
    if (document.activeElement === input) continue;
    if (input.id === 'skip' && ![...input.options].some((option) => option.value === String(value)))
      input.add(new Option(value));
    input.value = value;
    const output = element(`${name}-value`);
    if (output) output.textContent = number(value, 2);
  }
}

element('settings').addEventListener('submit', (event) => event.preventDefault());
element('settings').addEventListener('change', async (event) => {
  const response = await fetch('/api/settings', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({[event.target.id]: event.target.value === 'auto' ? 'auto' : Number(event.target.value)}),
  });
  const answer = await response.json();
  element('message').textContent = response.ok ? 'changed' : answer.error;
  event.target.blur();
  if (response.ok) showSettings(answer);
});

// On a phone the pictures come first.
if (window.matchMedia('(max-width: 600px)').matches) element('settings-panel').open = false;
refresh();
plot();
