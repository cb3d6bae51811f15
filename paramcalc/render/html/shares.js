// Where the parameters, the MACs and the memory are: a treemap or bars, a block at a time.

const MAX_CELLS = 150;

class Shares {
  constructor(view) {
    this.view = view;
    this.model = view.model;
    const names = this.model.metrics();
    this.metric = names[0];
    this.kind = 'treemap';
    this.root = null;
    if (!names.length) return;
    const options = names.map((name) => [name, METRICS[name].label]);
    const kinds = [
      ['treemap', 'Treemap'],
      ['bars', 'Bars'],
    ];
    this.way = el('nav', { class: 'way', 'aria-label': 'Blocks around what is shown' });
    this.content = el('div', { class: 'shares' });
    this.legend = el('p', { class: 'legend note', 'aria-hidden': 'true' });
    const bar = el(
      'div',
      { class: 'bar-of-tools' },
      this.view.heading('Where it is'),
      choice('What is measured', options, this.metric, (value) => this.change({ metric: value })),
      choice('How it is drawn', kinds, this.kind, (value) => this.change({ kind: value })),
    );
    this.section = el(
      'section',
      { class: 'shares-view', 'aria-label': 'Where it is' },
      bar,
      this.way,
      this.content,
      this.legend,
    );
    this.draw();
  }

  change(what) {
    Object.assign(this, what);
    this.draw();
  }

  go(node) {
    this.root = node;
    this.draw();
    const first = $('button', this.content);
    if (first) first.focus({ preventScroll: true });
  }

  // The parts of a block, the largest first; equal ones in a row are one part.
  parts(node) {
    const list = node ? node.children : this.model.roots;
    const sized = list.map((child) => ({ node: child, value: this.model.known(child, this.metric) }));
    return sized
      .filter((part) => part.value > this.model.zero)
      .sort((a, b) => (a.value < b.value ? 1 : a.value > b.value ? -1 : 0));
  }

  draw() {
    const parts = this.parts(this.root);
    this.drawWay();
    const drawn = this.kind === 'bars' ? this.bars(parts) : this.treemap(parts);
    this.content.replaceChildren(...(parts.length ? [drawn] : [el('p', { class: 'note' }, 'Nothing of it is here.')]));
    this.legend.replaceChildren(
      ...[...this.model.colours].map(([type, colour]) => el('span', { class: colour }, type)),
    );
  }

  drawWay() {
    const chain = [];
    for (let node = this.root; node; node = node.parent) chain.unshift(node);
    const button = (text, node) => el('button', { type: 'button', class: 'link', onclick: () => this.go(node) }, text);
    const last = chain.pop();
    const before = last ? [button('The whole model', null), ...chain.map((node) => button(node.label, node))] : [];
    const parts = before.flatMap((each) => [each, ' / ']);
    this.way.replaceChildren(
      ...parts,
      el('span', { 'aria-current': 'true' }, last ? last.label : 'The whole model'),
      last ? times(last) : '',
    );
  }

  // What a part is called, and what it does when it is chosen.
  button(part, label, ...inside) {
    const { node, value } = part;
    const metric = METRICS[this.metric];
    const said = `${node.label}${node.repeats > 1 ? ` ×${node.repeats}` : ''}: ${metric.show(value)} (${percent(ratio(value, this.model.total(this.metric)))})`;
    const act = () => (node.children.length ? this.go(node) : this.view.details.show(this.view, node));
    return el(
      'button',
      { type: 'button', class: label, title: said, 'aria-label': inside.flat().length ? null : said, onclick: act },
      ...inside,
    );
  }

  bars(parts) {
    const largest = parts.length ? parts[0].value : 1;
    const rows = parts.slice(0, MAX_CELLS).map((part) => {
      const share = ratio(part.value, this.model.total(this.metric));
      const drawn = bar(ratio(part.value, largest));
      drawn.classList.add(this.model.colour(part.node, this.metric));
      const name = el('span', { class: 'label' }, part.node.label, times(part.node));
      const value = el('span', { class: 'number' }, METRICS[this.metric].short(part.value));
      return el(
        'li',
        {},
        this.button(part, 'bar-row', name, drawn, value, el('span', { class: 'number' }, percent(share))),
      );
    });
    if (parts.length > MAX_CELLS)
      rows.push(el('li', { class: 'note' }, `and ${whole(parts.length - MAX_CELLS)} smaller ones`));
    return el('ul', { class: 'bars' }, rows);
  }

  treemap(parts) {
    const box = el('div', {
      class: 'treemap',
      role: 'group',
      'aria-label': `Treemap of ${METRICS[this.metric].label}`,
    });
    const wide = Math.max(this.content.clientWidth || 900, 200);
    const high = wide < 600 ? 300 : 360;
    box.style.height = `${high}px`;
    this.fill(box, parts, wide, high, 0);
    return box;
  }

  // The largest parts, the others as one.
  gathered(parts) {
    if (parts.length <= MAX_CELLS) return parts;
    const rest = parts.slice(MAX_CELLS - 1);
    const value = rest.reduce((sum, part) => sum + part.value, this.model.zero);
    const others = { value, label: `${whole(rest.length)} smaller ones` };
    return [...parts.slice(0, MAX_CELLS - 1), others].sort((a, b) =>
      a.value < b.value ? 1 : a.value > b.value ? -1 : 0,
    );
  }

  // Cells for the parts within `wide` × `high` pixels; a large block shows what is in it.
  fill(box, parts, wide, high, depth) {
    const shown = this.gathered(parts);
    const places = squarify(
      shown.map((part) => Number(part.value)),
      wide,
      high,
    );
    places.forEach(([x, y, w, h], index) => {
      const part = shown[index];
      if (!part.node) {
        const rest = el('div', { class: 'cell cx', title: part.label }, w > 34 && h > 15 ? part.label : '');
        put(rest, x / wide, y / high, w / wide, h / high);
        return box.append(rest);
      }
      const inner = depth < 2 && w > 110 && h > 64 && part.node.children.length ? this.parts(part.node) : [];
      const colour = inner.length ? 'outer' : this.model.colour(part.node, this.metric);
      const label = w > 34 && h > 15 ? [el('span', { class: 'label' }, part.node.label, times(part.node))] : [];
      if (label.length && h > 34 && !inner.length)
        label.push(el('span', { class: 'value' }, METRICS[this.metric].short(part.value)));
      const cell = this.button(part, `cell ${colour}`, label);
      put(cell, x / wide, y / high, w / wide, inner.length ? 20 / high : h / high);
      if (!inner.length) return box.append(cell);
      const group = el('div', { class: 'cell-group' });
      put(group, x / wide, y / high, w / wide, h / high);
      const body = el('div', { class: 'cell-body' });
      put(cell, 0, 0, 1, 20 / h);
      put(body, 2 / w, 20 / h, 1 - 4 / w, 1 - 22 / h);
      this.fill(body, inner, w - 4, h - 22, depth + 1);
      group.append(cell, body);
      box.append(group);
    });
  }
}

// In shares of what is around it, so that the page can be resized and printed.
function put(element, left, top, width, height) {
  for (const [name, value] of Object.entries({ left, top, width, height })) element.style[name] = `${value * 100}%`;
}

// Rectangles of these sizes (the largest first) that fill `wide` × `high`, as square as can be: Bruls, Huizing and van
// Wijk, "Squarified Treemaps" (2000).
function squarify(sizes, wide, high) {
  const sum = sizes.reduce((a, b) => a + b, 0);
  const areas = sizes.map((size) => (size / sum) * wide * high);
  const places = [];
  let [x, y, w, h] = [0, 0, wide, high];
  for (let start = 0; start < areas.length;) {
    const side = Math.min(w, h);
    let end = start;
    let total = 0;
    let worst = Infinity;
    while (end < areas.length) {
      const next = total + areas[end];
      const thick = next / side;
      const found = Math.max(thick / (areas[start] / thick), areas[end] / thick / thick, (thick * thick) / areas[end]);
      if (found > worst) break;
      [worst, total, end] = [found, next, end + 1];
    }
    const thick = total / side || 0;
    let along = 0;
    for (; start < end; start++) {
      const length = areas[start] / thick || 0;
      places.push(w >= h ? [x, y + along, thick, length] : [x + along, y, length, thick]);
      along += length;
    }
    if (w >= h) [x, w] = [x + thick, w - thick];
    else [y, h] = [y + thick, h - thick];
  }
  return places;
}
