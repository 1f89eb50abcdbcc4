// The cards of the live page, with a page that is made of plain objects. Run by node: page_test.js PAGE.JS
'use strict';

const assert = require('assert');
const fs = require('fs');
const vm = require('vm');

class Element {
  constructor() {
    Object.assign(this, {children: [], style: {}, listeners: {}, classList: {toggle() {}}, isConnected: false});
  }
  append(...children) {
    for (const child of children) Object.assign(child, {parent: this, isConnected: true});
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = [];
    this.append(...children);
  }
  remove() {
    this.parent.children = this.parent.children.filter((child) => child !== this);
    this.isConnected = false;
  }
  removeAttribute(name) { delete this[name]; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
}

const elements = new Map();
const timers = [];
const fails = () => Promise.reject(new Error('nobody answers'));
const page = vm.createContext({
  document: {
    createElement: () => new Element(),
    getElementById: (id) => elements.set(id, elements.get(id) || new Element()).get(id),
  },
  window: {
    addEventListener: (name, listener) => listener(),
    matchMedia: () => ({matches: false}),
  },
  setTimeout: (action) => timers.push(action),
  fetch: fails, performance, Date, Promise,
});
const run = (code) => vm.runInContext(code, page);
const settle = () => new Promise((resolve) => setImmediate(resolve));
// What was to happen later happens now.
async function wait() {
  for (const action of timers.splice(0)) action();
  await settle();
}

const camera = (id, name) => ({id, name, state: 'up', width: 4, height: 3, detected: 0, tracked: 0, still: 0,
  age_ms_p50: 0, age_ms_p99: 0, skipped_newer: 0, skipped_old: 0, openings: 1, error: ''});

// As refresh() does, with this answer.
function show(started, ...cameras) {
  page.state = {started, cameras};
  run('dropCards(state.cameras, state.started); state.cameras.forEach((c) => showCamera(c, undefined, state.started, 0))');
  return elements.get('cameras').children.map((card) => {
    const [title, frame] = card.children;
    return {label: title.children[0].textContent, picture: frame.children[0]};
  });
}

async function main() {
  run(fs.readFileSync(process.argv[2], 'utf8'));
  await wait();
  const [yard, door] = show(1, camera(0, 'yard'), camera(1, 'door'));
  await wait();
  assert.deepStrictEqual([yard.label, yard.picture.src, door.label], ['yard', '/camera/0.mjpeg', 'door']);
  assert.strictEqual(show(1, camera(0, 'yard'), camera(1, 'door'))[0].picture, yard.picture, 'a card stays');

  const swapped = show(2, camera(0, 'door'), camera(1, 'yard'));
  assert.deepStrictEqual(swapped.map((card) => card.label), ['door', 'yard'], 'the program was started with other sources');
  const again = show(3, camera(0, 'door'), camera(1, 'yard'));
  assert.notStrictEqual(again[0].picture, swapped[0].picture, 'the stream of the program before is over');

  assert.strictEqual(yard.picture.src, undefined, 'what is not shown is not asked for');
  await settle();
  yard.picture.listeners.error();
  again[0].picture.listeners.error();
  await wait();
  assert.strictEqual(yard.picture.src, undefined, 'nor asked for again');
  assert.match(again[0].picture.src, /^\/camera\/0\.mjpeg\?\d+$/, 'a stream that ended is');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
