// The panel beside the page: all there is to say of one layer, or of a block.

class Details {
  constructor() {
    this.title = el('h2', { tabindex: -1 });
    this.content = el('div', { class: 'content' });
    const close = el(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => this.close() },
      '×',
    );
    this.panel = el(
      'aside',
      { class: 'details', 'aria-label': 'Details', hidden: true },
      this.title,
      close,
      this.content,
    );
    document.body.append(this.panel);
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.panel.hidden) this.close();
    });
  }

  close() {
    this.panel.hidden = true;
    document.body.classList.remove('with-details');
    if (this.opener && this.opener.isConnected) this.opener.focus();
    if (this.view) this.view.mark(null);
  }

  // What a node of the tree stands for: a layer (the first of equal ones), or a block. `row` is a layer of another repeat.
  show(view, node, row = node.start) {
    if (!this.panel.contains(document.activeElement)) this.opener = document.activeElement;
    this.view = view;
    const { model } = view;
    const layer = model.isLayer(node);
    this.title.replaceChildren(layer ? model.paths[row] : node.label, times(node));
    const parts = layer ? this.layer(view, row) : this.block(view, node);
    const find = el(
      'button',
      { type: 'button', class: 'quiet', onclick: () => view.reveal(node) },
      'Show in the graph',
    );
    this.content.replaceChildren(...parts, ...(model.hasGraph ? [find] : []));
    this.content.scrollTop = 0;
    this.panel.hidden = false;
    document.body.classList.add('with-details');
    view.mark(node);
    this.title.focus({ preventScroll: true });
  }

  layer(view, row) {
    const { model } = view;
    const kind = model.kind(row);
    const shared = model.data.shared[row];
    const facts = [
      ['Type', kind.type],
      ['Input', (kind.in || []).join(', ') || 'none'],
      ['Output', kind.out],
      ['Reads', this.links(view, model.reads(row))],
      ['Read by', this.links(view, model.readers().get(row) || [])],
      ['Called first as', shared === undefined ? [] : this.links(view, [shared])],
      ['Parameters', whole(model.value(row, 'params'))],
      ['Trainable', kind.trainable === kind.params ? '' : whole(model.value(row, 'trainable'))],
      ['Buffers', kind.buffers ? whole(model.value(row, 'buffers')) : ''],
      ['Active', kind.active ? `${whole(model.value(row, 'active'))} for one token` : ''],
      ['MACs', whole(model.value(row, 'macs'))],
      ['MACs a token', kind.decode ? whole(model.value(row, 'decode')) : ''],
      ['Weights take', kind.bytes ? bytes(model.value(row, 'bytes')) : ''],
      ['Output takes', bytes(model.value(row, 'output'))],
    ];
    const parts = [definitions(facts)];
    if (kind.weights) parts.push(el('h3', {}, 'Weights'), ...kind.weights.map((weight) => this.weight(model, weight)));
    parts.push(...formula('Parameters', kind.params_formula, model.value(row, 'params')));
    parts.push(...formula('MACs', kind.macs_formula, model.value(row, 'macs')));
    if (kind.steps)
      parts.push(
        el('h3', {}, 'How the shape comes about'),
        ...kind.steps.map((step) => el('p', { class: 'step' }, step)),
      );
    for (const note of kind.notes || []) parts.push(el('p', { class: 'note' }, note));
    return parts;
  }

  weight(model, [name, kind, shape, dtype, params, size, trainable, tied, names, numbers, why]) {
    const count = whole(model.number(params));
    const said = why || (tied ? `the same tensor as ${tied}` : trainable ? 'trainable' : 'not trainable');
    return el(
      'div',
      { class: 'weight' },
      el('p', {}, el('b', {}, name || kind), ` ${shape} `, el('span', { class: 'note' }, dtype)),
      names ? el('p', { class: 'formula' }, names) : null,
      el('p', { class: 'formula' }, numbers && numbers !== count && !tied ? `${numbers} = ${count}` : count),
      el('p', { class: 'note' }, `${kind}, ${said}${size ? `, ${bytes(size)}` : ''}`),
    );
  }

  block(view, node) {
    const { model } = view;
    const layers = node.end - node.start;
    const facts = [
      ['Layers', whole(layers)],
      ['Equal blocks', node.repeats > 1 ? `${whole(node.repeats)} in a row` : ''],
      ...Object.keys(METRICS).map((name) => {
        const sum = model.sum(node, name);
        const share = percent(ratio(sum, model.total(name)));
        return [METRICS[name].label, sum === null ? '?' : `${METRICS[name].show(sum)} (${share})`];
      }),
      ['Output', model.kind(node.end - 1).out],
    ];
    const parts = node.children.map((child) => {
      const go = () => this.show(view, child);
      const value = METRICS.params.short(model.sum(child, 'params'));
      return el(
        'li',
        {},
        el('button', { type: 'button', class: 'link', onclick: go }, child.label),
        times(child),
        ` ${model.type(child)}, ${value}`,
      );
    });
    const heading = node.repeats > 1 ? 'What each is made of' : 'What it is made of';
    if (parts.length > 200)
      parts.splice(200, parts.length, el('li', { class: 'note' }, `and ${whole(parts.length - 200)} more`));
    return [definitions(facts), el('h3', {}, heading), el('ul', { class: 'plain' }, parts)];
  }

  // Producers or readers as buttons, each of which shows that layer.
  links(view, rows) {
    const { model } = view;
    const unique = [...new Set(rows)];
    const shown = unique.slice(0, 12).map((row) => {
      if (row < 0) return el('span', {}, model.name(row));
      const go = () => this.show(view, view.nodeOf(row), row);
      return el('button', { type: 'button', class: 'link', onclick: go }, model.name(row));
    });
    return unique.length > 12 ? [...shown, `and ${whole(unique.length - 12)} more`] : shown;
  }
}

function times(node) {
  return node.repeats > 1 ? el('span', { class: 'times' }, ` ×${whole(node.repeats)}`) : '';
}

function definitions(facts) {
  const rows = facts
    .filter(([, value]) => value.length)
    .map(([label, value]) => el('div', {}, el('dt', {}, label), el('dd', {}, value)));
  return el('dl', { class: 'facts' }, rows);
}

// `units × (features + 1)`, and the same with its numbers.
function formula(label, said, result) {
  if (!said || result === null || !Number(result)) return [];
  const [names, numbers] = said;
  const value = whole(result);
  return [
    el('h3', {}, label),
    el('p', { class: 'formula' }, names),
    el('p', { class: 'formula' }, numbers === value ? value : `${numbers} = ${value}`),
  ];
}
