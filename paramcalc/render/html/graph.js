// The graph: blocks that open and close, with pan and zoom. Each open block is laid out by itself and then is a box of
// the block around it, so opening one moves nothing inside the others.

const HEAD = 24;
const PAD = 14;
const MAX_CHILDREN = 1500;
const OPEN_AT_FIRST = 28;
const LABEL = 28;
const HINT = 'Drag to move, Ctrl and the wheel to zoom; the arrow keys go from box to box, Enter opens one.';

class Graph extends Stage {
  constructor(view) {
    const layer = svg('g');
    const look = { class: 'graph', role: 'group', 'aria-label': 'Graph of the model', tabindex: -1 };
    super(svg('svg', look, layer), layer);
    this.view = view;
    this.model = view.model;
    this.open = this.openAtFirst();
    const button = (text, label, act) =>
      el('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, text);
    const blocks = this.model.nodes.filter((node) => node.children.length);
    const tools = el(
      'span',
      { class: 'buttons' },
      button('−', 'Zoom out', () => this.zoom(1 / 1.25)),
      button('+', 'Zoom in', () => this.zoom(1.25)),
      button('Fit', 'Fit the graph', () => this.fit()),
    );
    const folding = el(
      'span',
      { class: 'buttons' },
      button('Open all', 'Open all blocks', () => this.setOpen(blocks)),
      button('Close all', 'Close all blocks', () => this.setOpen([])),
    );
    this.hint = el('p', { class: 'note' }, HINT);
    this.section = el(
      'section',
      { class: 'graph-view', 'aria-label': 'Graph' },
      el('div', { class: 'bar-of-tools' }, this.view.heading('Graph'), tools, blocks.length ? folding : '', this.hint),
      this.canvas,
    );
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('click', (event) => {
      const element = event.target.closest('[data-node]');
      if (element) this.act(this.model.nodes[Number(element.dataset.node)]);
    });
    this.whenSeen();
  }

  // A graph takes time to lay out: it is drawn when it is first looked at, or printed.
  whenSeen() {
    const draw = () => {
      if (this.drawn) return;
      this.draw();
      this.fit(0.7);
    };
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && draw(), {
      rootMargin: '200px',
    });
    watch.observe(this.canvas);
    this.ready = draw;
    // On paper there is all of it, as large as the page allows.
    addEventListener('beforeprint', () => {
      draw();
      this.layer.removeAttribute('transform');
      this.canvas.setAttribute('viewBox', `-8 -8 ${this.size.w + 16} ${this.size.h + 16}`);
    });
    addEventListener('afterprint', () => {
      this.canvas.removeAttribute('viewBox');
      this.move(0, 0);
    });
  }

  openAtFirst() {
    const open = new Set();
    let shown = this.model.roots.length;
    let level = this.model.roots;
    while (level.length) {
      for (const node of level) {
        if (!node.children.length || shown + node.children.length > OPEN_AT_FIRST) continue;
        open.add(node.id);
        shown += node.children.length;
      }
      level = level.filter((node) => open.has(node.id)).flatMap((node) => node.children);
    }
    return open;
  }

  setOpen(nodes) {
    this.open = new Set(nodes.map((node) => node.id));
    this.draw();
    this.fit(0.4);
  }

  toggle(node) {
    if (this.open.has(node.id)) this.open.delete(node.id);
    else this.open.add(node.id);
    const before = this.places.get(node.id);
    this.draw();
    const now = this.places.get(node.id);
    this.move((before.x - now.x) * this.scale, (before.y - now.y) * this.scale);
    this.focus(node.id);
  }

  draw() {
    this.drawn = true;
    this.places = new Map();
    this.left = 0;
    this.size = this.block(null);
    this.layer.replaceChildren();
    this.size.paint(this.layer, 0, 0);
    this.order = [...this.places.keys()];
    this.hint.textContent = this.left
      ? `${whole(this.left)} more parts are not drawn: a block shows ${whole(MAX_CHILDREN)}. ${HINT}`
      : HINT;
    this.mark(this.marked);
  }

  // What a block, or the whole, looks like from inside: its size, and a function that paints it at a place.
  block(node) {
    const all = node ? node.children : this.model.roots;
    const children = all.slice(0, MAX_CHILDREN);
    this.left += all.length - children.length;
    const boxes = children.map((child) => this.box(child));
    const edges = this.edges(node, children, boxes);
    const { width, height, routes } = arrange(boxes, edges);
    const paint = (group, x, y) => {
      routes.forEach((points) => {
        const moved = points.map(([px, py]) => [px + x, py + y]);
        group.append(svg('path', { class: 'edge', d: curve(moved) }));
      });
      for (const box of boxes) if (box.paint) box.paint(group, x + box.x - box.w / 2, y + box.y - box.h / 2);
    };
    return { w: width, h: height, paint, ports: node ? boxes.filter((box) => box.port) : [] };
  }

  box(node) {
    if (!this.open.has(node.id)) return this.closed(node);
    const inner = this.block(node);
    const label = cut(node.label, LABEL) + (node.repeats > 1 ? ` ×${whole(node.repeats)}` : '');
    const w = Math.max(inner.w + 2 * PAD, width(label, true) + 44);
    const h = inner.h + HEAD + 2 * PAD;
    const paint = (group, x, y) => {
      const head = this.button(
        node,
        x,
        y,
        'cluster',
        svg('rect', { width: w, height: h, rx: 8 }),
        svg('path', { class: 'rule', d: `M0 ${HEAD}H${w}` }),
        svg('text', { x: 12, y: 17, class: 'label' }, `⌄ ${label}`),
      );
      group.append(head);
      this.places.set(node.id, { x, y, w, h: Math.min(h, 60), element: head });
      const left = x + (w - inner.w) / 2;
      for (const port of inner.ports) {
        const [from, to] = port.port === 'in' ? [y + HEAD, y + HEAD + PAD] : [y + h - PAD, y + h];
        group.append(svg('path', { class: 'edge', d: `M${left + port.x} ${from}V${to}` }));
      }
      inner.paint(group, left, y + HEAD + PAD);
    };
    const across = (kind) =>
      inner.ports.filter((port) => port.port === kind).map((port) => port.x - inner.w / 2)[0] || 0;
    return { w, h, paint, enter: across('in'), leave: across('out') };
  }

  closed(node) {
    const { model } = this;
    const kind = model.kind(node.end - 1);
    const count = model.sum(node, 'params');
    const lines = [
      cut(node.label, LABEL) + (node.repeats > 1 ? ` ×${whole(node.repeats)}` : ''),
      cut(model.type(node), LABEL) + (count === null ? ' · ?' : Number(count) ? ` · ${short(count)}` : ''),
      cut(kind.out, LABEL + 10),
    ];
    const w = Math.max(...lines.map((line, index) => width(line, index === 0))) + 28;
    const h = 62;
    const paint = (group, x, y) => {
      const shapes = [svg('rect', { width: w, height: h, rx: 6 })];
      if (node.children.length)
        shapes.unshift(svg('rect', { x: 4, y: 4, width: w, height: h, rx: 6, class: 'behind' }));
      const texts = lines.map((line, index) =>
        svg('text', { x: 14, y: 20 + index * 17, class: index ? 'sub' : 'label' }, line),
      );
      const element = this.button(
        node,
        x,
        y,
        node.children.length ? 'block' : model.colour(node, 'params'),
        ...shapes,
        ...texts,
      );
      group.append(element);
      this.places.set(node.id, { x, y, w, h, element });
    };
    return { w, h, paint };
  }

  button(node, x, y, look, ...inside) {
    const block = node.children.length > 0;
    const status = this.model.status(node);
    const said = `${node.label}${node.repeats > 1 ? ` times ${node.repeats}` : ''}, ${this.model.type(node)}${status ? `, ${status}` : ''}`;
    return svg(
      'g',
      {
        class: `node ${look} ${status}`,
        transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
        role: 'button',
        tabindex: this.places.size ? -1 : 0,
        'aria-label': said,
        'data-node': node.id,
        'aria-expanded': block ? String(this.open.has(node.id)) : null,
      },
      svg('title', {}, said),
      ...inside,
    );
  }

  // Edges between the parts of a block; what comes in from outside starts at a point at its head, what leaves ends at
  // its foot. Of equal blocks in a row the first is drawn.
  edges(node, children, boxes) {
    const { model } = this;
    const number = new Map(children.map((child, index) => [child, index]));
    const found = new Map();
    const add = (from, to) =>
      from !== undefined && to !== undefined && from !== to && found.set(`${from} ${to}`, [from, to]);
    const start = node ? node.start : 0;
    const end = node ? node.unit : model.count;
    const outside = new Map();
    const entrance = (producer) => {
      const key = node ? 'in' : producer;
      if (!outside.has(key)) outside.set(key, outside.size);
      return outside.get(key);
    };
    const leaves = [];
    for (let row = start; row < end; row++) {
      const here = number.get(model.childOf(node, row));
      for (const producer of model.reads(row)) {
        if (producer >= start) add(number.get(model.childOf(node, producer)), here);
        else if (here !== undefined) found.set(`in ${entrance(producer)} ${here}`, [-1 - entrance(producer), here]);
      }
      if (node && here !== undefined && (model.readers().get(row) || []).some((reader) => reader >= end))
        leaves.push(here);
    }
    return this.withPorts(node, boxes, [...found.values()], outside, [...new Set(leaves)]);
  }

  // The boxes of the model's inputs, or the points where edges enter and leave a block, before and behind the others.
  withPorts(node, boxes, edges, outside, leaves) {
    const ports = [...outside.keys()].map((key) => (key === 'in' ? { w: 1, h: 0, port: 'in' } : this.input(key)));
    boxes.unshift(...ports);
    const moved = edges.map(([from, to]) => [from < 0 ? -1 - from : from + ports.length, to + ports.length]);
    if (leaves.length) {
      boxes.push({ w: 1, h: 0, port: 'out' });
      for (const leaf of leaves) moved.push([leaf + ports.length, boxes.length - 1]);
    }
    return moved;
  }

  input(producer) {
    const [name, shape] = this.model.inputs[producer + this.model.inputs.length];
    const lines = [cut(name, LABEL), cut(shape, LABEL + 10)];
    const w = Math.max(...lines.map((line, index) => width(line, index === 0))) + 28;
    const paint = (group, x, y) => {
      const texts = lines.map((line, index) =>
        svg('text', { x: 14, y: 18 + index * 16, class: index ? 'sub' : 'label' }, line),
      );
      group.append(
        svg(
          'g',
          { class: 'node input', transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
          svg('rect', { width: w, height: 44, rx: 22 }),
          ...texts,
        ),
      );
    };
    return { w, h: 44, paint };
  }

  focus(id) {
    const place = this.places.get(id);
    if (!place) return;
    for (const { element } of this.places.values())
      element.setAttribute('tabindex', element === place.element ? 0 : -1);
    place.element.focus({ preventScroll: true });
    this.keepInSight(place);
  }

  act(node) {
    if (node.children.length) this.toggle(node);
    else {
      this.focus(node.id);
      this.view.details.show(this.view, node);
    }
  }

  key(event) {
    const element = event.target.closest('[data-node]');
    const id = element ? Number(element.dataset.node) : this.order && this.order[0];
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const zooms = { '+': 1.25, '=': 1.25, '-': 1 / 1.25 };
    if (id === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (step && event.shiftKey) {
      const sideways = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
      this.move(sideways ? -60 * step : 0, sideways ? 0 : -60 * step);
    } else if (step) this.focus(this.order[this.order.indexOf(id) + step] ?? id);
    else if (zooms[event.key]) this.zoom(zooms[event.key]);
    else if (event.key === '0') this.fit();
    else if ((event.key === 'Enter' || event.key === ' ') && element) this.act(this.model.nodes[id]);
    else return;
    event.preventDefault();
  }

  // Opens what is around a node and shows it in the middle.
  reveal(node) {
    for (let outer = node.parent; outer; outer = outer.parent) this.open.add(outer.id);
    this.ready();
    this.draw();
    this.scale = Math.max(this.scale, 0.7);
    const place = this.places.get(node.id);
    if (!place) return;
    this.centre(place);
    this.focus(node.id);
    this.mark(node);
  }

  mark(node) {
    this.marked = node;
    if (!this.drawn) return;
    for (const [id, { element }] of this.places)
      element.classList.toggle('marked', node !== null && node !== undefined && id === node.id);
  }
}
