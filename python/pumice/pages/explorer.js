// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The explorer of programs. Only the lines in view are in the document.
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const element = id => document.getElementById(id);
const LINE = 18, ROW = 24, LIMIT = 4000;

function unit(value, steps, names) {
  let index = 0;
  while (index + 1 < names.length && value >= steps) { value /= steps; index++; }
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${names[index]}`;
}
const time = ns => unit(ns, 1000, ['ns', 'us', 'ms', 's']);
const energy = pj => unit(pj, 1000, ['pJ', 'nJ', 'uJ', 'mJ', 'J']);

// A list of which only what is in view exists.
class Virtual {
  constructor(node, height, draw) {
    this.node = node; this.height = height; this.draw = draw; this.count = 0; this.width = 0;
    this.space = node.appendChild(document.createElement('div'));
    node.addEventListener('scroll', () => this.later());
    new ResizeObserver(() => this.later()).observe(node);
  }
  // Draws once, after the current event. A hidden window has no animation frames.
  later() {
    if (!this.pending) queueMicrotask(() => { if (this.pending) this.render(); });
    this.pending = true;
  }
  resize(count, width) {
    this.count = count;
    this.space.style.cssText =
      `position:relative;height:${count * this.height}px;min-width:${width || 0}ch`;
    this.later();
  }
  render() {
    this.pending = false;
    const from = Math.max(0, Math.floor(this.node.scrollTop / this.height) - 10);
    const to = Math.min(this.count,
      Math.ceil((this.node.scrollTop + this.node.clientHeight) / this.height) + 10);
    const lines = [];
    for (let i = from; i < to; i++) {
      const line = this.draw(i);
      line.style.top = `${i * this.height}px`;
      lines.push(line);
    }
    this.space.replaceChildren(...lines);
  }
  show(index) {
    const top = index * this.height, view = this.node.clientHeight;
    if (top < this.node.scrollTop + this.height || top > this.node.scrollTop + view - 3 * this.height)
      this.node.scrollTop = Math.max(0, top - view / 3);
    this.later();
  }
}

const chosen = { layer: -1, node: -1, source: -1 };
let current = null; // the match that search is at: [pane, line]
let hottest = 0;
for (const pane of data.panes) for (const op of pane.ops) hottest = Math.max(hottest, op[5] || 0);

class Pane {
  constructor(item) {
    Object.assign(this, item);
    this.lines = item.text.split('\n');
    this.starts = this.ops.map(op => op[0]);
    this.width = this.lines.reduce((most, line) => Math.max(most, line.length), 0);
    this.box = document.createElement('section');
    this.box.className = 'pane';
    this.box.dataset.pane = this.name;
    const title = this.box.appendChild(document.createElement('h2'));
    title.textContent = this.name + ' ';
    title.appendChild(document.createElement('span')).textContent =
      `${this.lines.length.toLocaleString('en')} lines`;
    const text = this.box.appendChild(document.createElement('div'));
    text.className = 'text';
    this.list = new Virtual(text, LINE, index => this.line(this.rows ? this.rows[index] : index));
    text.addEventListener('click', event => {
      const line = event.target.closest('.line');
      if (line) this.select(Number(line.dataset.number) - 1);
    });
    this.refill();
  }
  // The op that a line belongs to.
  opAt(line) {
    let low = 0, high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= line) low = middle + 1; else high = middle;
    }
    return low ? this.ops[low - 1] : null;
  }
  kind(op) {
    if (!op) return '';
    if (chosen.node >= 0 ? op[2] === chosen.node : chosen.source >= 0 && op[3] === chosen.source)
      return 'strong';
    if (this.name === 'source') return chosen.source >= 0 && op[3] === chosen.source ? 'strong' : '';
    return chosen.layer >= 0 && op[1] === chosen.layer ? 'weak' : '';
  }
  line(index) {
    const node = document.createElement('div'), op = this.opAt(index);
    node.className = `line ${this.kind(op)}`;
    if (current && current[0] === this && current[1] === index) node.className += ' match';
    node.dataset.number = index + 1;
    const text = this.lines[index];
    node.textContent = text.length > LIMIT ? text.slice(0, LIMIT) + ' \u2026' : text;
    if (op && op[0] === index && op[5] > 0) {
      const bar = node.appendChild(document.createElement('u'));
      bar.style.opacity = 0.15 + 0.85 * Math.sqrt(op[5] / hottest);
      bar.title = costText(op);
    }
    return node;
  }
  refill() {
    this.rows = null;
    if (element('only').checked && chosen.layer >= 0 && this.name !== 'source') {
      this.rows = [];
      for (let i = 0; i < this.lines.length; i++) if (this.kind(this.opAt(i))) this.rows.push(i);
    }
    this.list.resize(this.rows ? this.rows.length : this.lines.length, Math.min(this.width, LIMIT) + 12);
  }
  select(line) {
    const op = this.opAt(line);
    if (op) choose({ layer: op[1], node: op[2], source: op[3] }, op, this);
  }
  reveal(line) {
    this.list.show(this.rows ? Math.max(0, this.rows.indexOf(line)) : line);
  }
  // Brings the first op of the selection into view.
  follow() {
    const own = this.ops.filter(op => this.kind(op));
    const found = own.find(op => this.kind(op) === 'strong') ||
      own.find(op => op[4] !== undefined) || own[0];
    if (found) this.reveal(found[0]);
  }
}

const costText = op => op[4] === undefined ? ''
  : `${time(op[4])}, ${energy(op[5])}` + (op[6] ? `, arrays: ${op[6]}` : '');
const panes = data.panes.map(item => new Pane(item));
element('panes').append(...panes.map(pane => pane.box));

function choose(selection, op, origin) {
  Object.assign(chosen, selection);
  if (origin && origin.name === 'source' && chosen.source >= 0) {
    // A line of the source: its ops may be of several layers.
    const first = panes.map(pane => pane !== origin &&
      pane.ops.find(other => other[3] === chosen.source)).find(Boolean);
    chosen.layer = first ? first[1] : -1;
  }
  for (const pane of panes) { pane.refill(); if (pane !== origin) pane.follow(); }
  describe(op, origin);
  list.later();
  const layer = data.layers[chosen.layer];
  if (layer) history.replaceState(null, '', '#' + encodeURIComponent(layer.name));
}

function describe(op, origin) {
  const parts = [], layer = data.layers[chosen.layer];
  const say = (name, value) => { if (value) parts.push([name, value]); };
  say('layer', layer && layer.name);
  say('node', data.nodes[chosen.node]);
  say('source', data.sources[chosen.source]);
  if (layer && layer.time !== undefined) {
    say('time of the layer', time(layer.time));
    say('energy', energy(layer.energy));
    say('arrays', layer.arrays && String(layer.arrays));
    say('instructions', layer.kinds.join(' '));
    say('why on the digital unit', layer.reasons.join('; '));
  }
  if (op) say(origin.name === 'simulator' ? 'this instruction' : 'this node', costText(op));
  const box = element('details');
  box.replaceChildren(...parts.flatMap(([name, value]) => {
    const title = document.createElement('span');
    title.textContent = name + ' ';
    return [title, document.createTextNode(value + '  ')];
  }));
}

// The list at the left: layers or passes.
let tab = 'layers', rows = [];
const most = Math.max(1e-9, ...data.layers.map(layer => layer.energy || 0));
const list = new Virtual(element('list'), ROW, index => {
  const node = document.createElement('div'), item = rows[index];
  node.className = 'row';
  node.dataset.index = index;
  node.title = item.name || item.flags;
  const name = node.appendChild(document.createElement('b'));
  name.textContent = '\u200e' + (item.name || `${item.level}: ${item.flags}`);
  const value = node.appendChild(document.createElement('i'));
  if (item.flags !== undefined) value.textContent = `+${item.added} \u2212${item.removed}`;
  else if (item.energy) {
    value.textContent = energy(item.energy);
    const part = 100 * item.energy / most;
    node.style.backgroundImage =
      `linear-gradient(to right, var(--weak) ${part}%, transparent ${part}%)`;
  }
  if (item === data.layers[chosen.layer]) node.classList.add('chosen');
  return node;
});
function fillList() {
  const words = element('filter').value.toLowerCase();
  rows = data[tab].filter(item => (item.name || `${item.level} ${item.flags}`).toLowerCase()
    .includes(words));
  list.resize(rows.length);
}
element('list').addEventListener('click', event => {
  const row = event.target.closest('.row');
  if (!row) return;
  const item = rows[row.dataset.index];
  if (item.flags !== undefined) showDiff(item.diff.split('\n'), `${item.level}: ${item.flags}`);
  else choose({ layer: data.layers.indexOf(item), node: -1, source: -1 });
});
element('filter').addEventListener('input', fillList);
document.querySelectorAll('[data-tab]').forEach(button => button.addEventListener('click', () => {
  tab = button.dataset.tab;
  document.querySelectorAll('[data-tab]').forEach(other =>
    other.classList.toggle('on', other === button));
  fillList();
}));
if (!data.passes.length) document.querySelector('[data-tab=passes]').hidden = true;

// Search in all panes that are shown.
let matches = [], place = -1;
function search() {
  const words = element('search').value.toLowerCase();
  matches = []; place = -1; current = null;
  if (words) for (const pane of panes) if (!pane.box.hidden)
    pane.lines.forEach((line, index) => {
      if (line.toLowerCase().includes(words)) matches.push([pane, index]);
    });
  step(words ? 1 : 0);
}
function step(by) {
  if (matches.length && by) {
    place = (place + by + matches.length) % matches.length;
    current = matches[place];
    const [pane, line] = current, op = pane.opAt(line);
    if (op) choose({ layer: op[1], node: op[2], source: op[3] }, op, pane);
    pane.reveal(line);
    pane.box.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }
  element('found').textContent = !element('search').value ? ''
    : matches.length ? `${place + 1} of ${matches.length}` : 'none';
  panes.forEach(pane => pane.list.later());
}
let waiting = 0;
element('search').addEventListener('input', () => {
  clearTimeout(waiting); waiting = setTimeout(search, 150);
});
element('search').addEventListener('keydown', event => {
  if (event.key === 'Enter') { event.preventDefault(); step(event.shiftKey ? -1 : 1); }
});
element('next').addEventListener('click', () => step(1));
element('previous').addEventListener('click', () => step(-1));
element('only').addEventListener('change', () => panes.forEach(pane => {
  pane.refill(); pane.follow();
}));

// Which panes are shown, and differences between two of them.
for (const pane of panes) {
  const label = element('shown').appendChild(document.createElement('label'));
  const box = label.appendChild(document.createElement('input'));
  box.type = 'checkbox'; box.checked = true;
  label.append(' ' + pane.name + ' ');
  box.addEventListener('change', () => { pane.box.hidden = !box.checked;
    pane.box.style.display = box.checked ? '' : 'none'; pane.list.later(); });
  if (pane.name !== 'source') for (const id of ['from', 'to'])
    element(id).append(new Option(pane.name));
}
element('to').selectedIndex = Math.min(1, element('to').options.length - 1);
if (element('to').options.length < 2) document.querySelector('.compare').hidden = true;

// Lines of the selected layer, or all, without indentation.
function linesOf(name) {
  const pane = panes.find(item => item.name === name);
  const all = pane.lines.filter((line, index) => chosen.layer < 0 || pane.kind(pane.opAt(index)));
  return all.map(line => line.trim()).filter(Boolean);
}
// Myers' algorithm; beyond `bound` differences, all is removed and added.
function difference(a, b, bound = 3000) {
  let head = 0, end = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (end < a.length - head && end < b.length - head &&
    a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const x = a.slice(head, a.length - end), y = b.slice(head, b.length - end);
  const trace = [], best = new Map([[1, 0]]);
  let found = x.length + y.length === 0;
  for (let d = 0; !found && d <= Math.min(bound, x.length + y.length); d++) {
    trace.push(new Map(best));
    for (let k = -d; k <= d && !found; k += 2) {
      let i = k === -d || (k !== d && (best.get(k - 1) ?? -1) < (best.get(k + 1) ?? -1))
        ? best.get(k + 1) : best.get(k - 1) + 1;
      while (i < x.length && i - k < y.length && x[i] === y[i - k]) i++;
      best.set(k, i);
      found = i >= x.length && i - k >= y.length;
    }
  }
  const out = [];
  if (!found) out.push(...y.map(line => '+' + line).reverse(), ...x.map(line => '-' + line).reverse());
  else {
    let i = x.length, j = y.length;
    for (let d = trace.length - 1; d >= 0; d--) {
      const row = trace[d], k = i - j;
      const from = k === -d || (k !== d && (row.get(k - 1) ?? -1) < (row.get(k + 1) ?? -1))
        ? k + 1 : k - 1;
      const pi = d ? row.get(from) : 0, pj = d ? pi - from : 0;
      while (i > pi && j > pj) { out.push(' ' + x[--i]); j--; }
      if (d) { if (from === k + 1) out.push('+' + y[--j]); else out.push('-' + x[--i]); }
    }
  }
  return [...a.slice(0, head).map(line => ' ' + line), ...out.reverse(),
    ...a.slice(a.length - end).map(line => ' ' + line)];
}
function showDiff(lines, title) {
  const box = element('diff'), shown = lines.slice(0, 5000);
  box.hidden = element('close').hidden = false;
  box.dataset.title = title;
  box.replaceChildren(...shown.map(line => {
    const node = document.createElement('div');
    node.className = { '+': 'plus', '-': 'minus', '@': 'at' }[line[0]] || '';
    node.textContent = line || ' ';
    return node;
  }));
  if (lines.length > shown.length) box.append(`\u2026 ${lines.length - shown.length} more lines`);
}
element('difference').addEventListener('click', () => {
  const from = element('from').value, to = element('to').value;
  showDiff(difference(linesOf(from), linesOf(to)), `${from} and ${to}`);
});
element('close').addEventListener('click', () => {
  element('diff').hidden = element('close').hidden = true;
});

element('note').textContent = data.note;
fillList();
const wanted = decodeURIComponent(location.hash.slice(1));
const start = data.layers.findIndex(layer => layer.name === wanted);
if (start >= 0) choose({ layer: start, node: -1, source: -1 });
panes.forEach(pane => pane.list.render());
list.render();
document.documentElement.dataset.ready = Math.round(performance.now());
