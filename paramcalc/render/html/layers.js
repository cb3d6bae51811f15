// The layers as a tree to open and close, or as a list that is searched, filtered and sorted.

const PAGE = 300;

const COLUMNS = [
  { name: 'name', label: 'Layer', text: true },
  { name: 'type', label: 'Type', text: true },
  { name: 'out', label: 'Output shape', text: true, unsorted: true, graph: true },
  { name: 'shapes', label: 'Weight shapes', text: true, unsorted: true, weights: true },
  { name: 'params', label: 'Params' },
  { name: 'share', label: 'Share', unsorted: true },
  { name: 'macs', label: 'MACs', graph: true },
  { name: 'bytes', label: 'Size' },
];

class Layers {
  constructor(view) {
    this.view = view;
    this.model = view.model;
    this.open = new Set(this.model.nodes.filter((node) => node.level < this.model.data.depth).map((node) => node.id));
    this.sort = null;
    this.query = [];
    this.type = '';
    this.mode = 'tree';
    this.limit = PAGE;
    this.known = this.model.hasGraph || this.model.inputs.length > 0;
    this.columns = COLUMNS.filter((column) => (this.known ? !column.weights : !column.graph));
    this.section = el('section', { class: 'layers-view', 'aria-label': 'Layers' }, this.bar(), this.frame());
    this.draw();
  }

  bar() {
    const search = el('input', {
      type: 'search',
      placeholder: 'Search layers',
      'aria-label': 'Search layers',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    search.addEventListener(
      'input',
      debounce(() => this.change({ query: search.value.toLowerCase().split(/\s+/).filter(Boolean) }), 80),
    );
    const types = el('select', { 'aria-label': 'Filter by type' }, el('option', { value: '' }, 'All types'));
    for (const [type, count] of this.model.types())
      types.append(el('option', { value: type }, `${type} (${whole(count)})`));
    types.addEventListener('change', () => this.change({ type: types.value }));
    const mode = choice(
      'How layers are shown',
      [
        ['tree', 'Tree'],
        ['list', 'List'],
      ],
      this.mode,
      (value) => this.change({ mode: value }),
    );
    const all = (open) => () => {
      this.open = new Set(open ? this.model.nodes.map((node) => node.id) : []);
      this.draw();
    };
    this.folding = el(
      'span',
      { class: 'buttons' },
      el('button', { type: 'button', onclick: all(true) }, 'Open all'),
      el('button', { type: 'button', onclick: all(false) }, 'Close all'),
    );
    this.said = el('p', { class: 'note', role: 'status' });
    return el(
      'div',
      { class: 'bar-of-tools' },
      this.view.heading('Layers'),
      search,
      types,
      mode,
      this.folding,
      this.said,
    );
  }

  frame() {
    this.heads = this.columns.map((column) => {
      const { label, text, unsorted } = column;
      const inside = unsorted ? label : el('button', { type: 'button', onclick: () => this.sortBy(column) }, label);
      return el('th', { scope: 'col', class: `${text ? '' : 'number'} of-${column.name}` }, inside);
    });
    this.rows = el('tbody');
    this.table = el(
      'table',
      { class: 'layers', role: 'treegrid', 'aria-label': 'Layers' },
      el('thead', {}, el('tr', {}, this.heads)),
      this.rows,
    );
    this.rows.addEventListener('keydown', (event) => this.key(event));
    this.rows.addEventListener('click', (event) => this.click(event));
    this.more = el('button', {
      type: 'button',
      class: 'more',
      onclick: () => this.change({ limit: this.limit + PAGE }, true),
    });
    return el('div', { class: 'scroll' }, this.table, this.more);
  }

  change(what, keep = false) {
    Object.assign(this, { limit: PAGE }, keep ? {} : { current: null }, what);
    this.draw();
  }

  // Once by size, largest first (text from A), then the other way, then as they run.
  sortBy(column) {
    const { name, text } = column;
    const first = text ? 1 : -1;
    const now = this.sort && this.sort.name === name ? this.sort.direction : 0;
    this.change({ sort: now === -first ? null : { name, direction: now === first ? -first : first } });
  }

  get flat() {
    return this.mode === 'list' || this.query.length > 0 || this.type !== '';
  }

  // What is shown, in order: nodes of the tree, or single layers.
  entries() {
    if (!this.flat) return this.walk(this.model.roots);
    const rows = [];
    for (let row = 0; row < this.model.count; row++) if (this.matches(row)) rows.push(row);
    const found = rows.map((row) => ({ node: this.view.nodeOf(row), row, level: 1 }));
    return this.sorted(
      found,
      (entry) => entry.row,
      (entry, name) => this.single(entry.row, name),
    );
  }

  matches(row) {
    const { type, out } = this.model.kind(row);
    if (this.type && type !== this.type) return false;
    if (!this.query.length) return true;
    const text = `${this.model.paths[row]} ${type} ${out}`.toLowerCase();
    return this.query.every((word) => text.includes(word));
  }

  walk(nodes, found = []) {
    const entries = nodes.map((node) => ({ node, level: node.level }));
    for (const entry of this.sorted(
      entries,
      (each) => each.node.start,
      (each, name) => this.summed(each.node, name),
    )) {
      found.push(entry);
      if (entry.node.children.length && this.open.has(entry.node.id)) this.walk(entry.node.children, found);
    }
    return found;
  }

  sorted(entries, place, value) {
    if (!this.sort) return entries;
    const { name, direction } = this.sort;
    const keyed = entries.map((entry) => [value(entry, name), entry]);
    const compare = (a, b) => (a === b ? 0 : a === null ? -1 : b === null ? 1 : a < b ? -1 : 1);
    keyed.sort(([a, x], [b, y]) => direction * compare(a, b) || place(x) - place(y));
    return keyed.map(([, entry]) => entry);
  }

  single(row, name) {
    if (name === 'name') return this.model.paths[row];
    return name === 'type' ? this.model.kind(row).type : this.model.value(row, METRICS[name].field);
  }

  summed(node, name) {
    if (name === 'name') return node.label;
    return name === 'type' ? this.model.type(node) : this.model.sum(node, name);
  }

  draw() {
    const entries = this.entries();
    const shown = entries.slice(0, this.limit);
    const inside = this.rows.contains(document.activeElement);
    this.rows.replaceChildren(...shown.map((entry) => this.row(entry)));
    const left = entries.length - shown.length;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show more (${whole(left)} left)`;
    this.folding.hidden = this.flat || !this.model.nodes.some((node) => node.children.length);
    this.said.textContent = this.flat ? `${whole(entries.length)} of ${whole(this.model.count)} layers` : '';
    this.heads.forEach((head, index) => {
      const on = this.sort && this.sort.name === this.columns[index].name;
      const name = on ? (this.sort.direction > 0 ? 'ascending' : 'descending') : null;
      if (name) head.setAttribute('aria-sort', name);
      else head.removeAttribute('aria-sort');
    });
    const current = this.element(this.current) || this.rows.firstChild;
    if (current) current.tabIndex = 0;
    if (inside && current) current.focus();
  }

  row({ node, row, level }) {
    const block = node.children.length > 0 && row === undefined;
    const open = block && this.open.has(node.id);
    const of =
      row === undefined ? (name) => this.model.sum(node, name) : (name) => this.model.value(row, METRICS[name].field);
    const kind = this.model.kind(row === undefined ? node.end - 1 : row);
    const type = row === undefined ? this.model.type(node) : kind.type;
    const status = this.model.status(node, row);
    const cells = this.columns.map(({ name, text }) => {
      const made = { class: `${text ? '' : 'number'} of-${name}` };
      if (name === 'name') return this.nameCell(node, row, level, block, `${type} ${kind.out}`, status);
      if (name === 'type') return el('td', made, type);
      if (name === 'out') return el('td', made, kind.out);
      if (name === 'shapes')
        return el(
          'td',
          made,
          block
            ? ''
            : (kind.weights || [])
                .map((weight) => weight[2])
                .slice(0, 8)
                .join(', '),
        );
      if (name !== 'share')
        return el(
          'td',
          made,
          of(name) === this.model.zero ? el('span', { class: 'zero' }, '0') : METRICS[name].show(of(name)),
        );
      const share = ratio(of('params'), this.model.total('params'));
      return el('td', made, share ? [percent(share), bar(share)] : '');
    });
    return el(
      'tr',
      {
        id: `${this.view.id}-${row === undefined ? `n${node.id}` : `r${row}`}`,
        class: `${block ? 'block' : 'layer'} ${status || ''}`,
        tabindex: -1,
        'aria-level': level,
        'aria-expanded': block ? String(open) : null,
        'data-node': node.id,
        'data-row': row,
      },
      cells,
    );
  }

  nameCell(node, row, level, block, sub, status) {
    const label = row === undefined ? node.label : this.model.paths[row];
    const text = el(
      'span',
      {},
      el('span', { class: 'label' }, label),
      row === undefined ? times(node) : '',
      status ? el('span', { class: 'status' }, ` ${status}`) : '',
      el('span', { class: 'sub', 'aria-hidden': 'true' }, sub),
    );
    const toggle = el('span', { class: 'toggle', 'aria-hidden': 'true' }, block ? '›' : '');
    const cell = el('th', { scope: 'row', class: 'of-name' }, el('span', { class: 'named' }, toggle, text));
    cell.style.setProperty('--level', Math.min(level - 1, 12));
    return cell;
  }

  element(id) {
    return id ? document.getElementById(id) : null;
  }

  entry(element) {
    const row = element.dataset.row;
    return { node: this.model.nodes[Number(element.dataset.node)], row: row === undefined ? undefined : Number(row) };
  }

  click(event) {
    const element = event.target.closest('tr');
    this.focus(element);
    const { node, row } = this.entry(element);
    if (element.matches('.block') && event.target.closest('.toggle, .label')) this.toggle(node);
    else this.view.details.show(this.view, node, row);
  }

  focus(element) {
    const before = this.element(this.current) || this.rows.firstChild;
    if (before) before.tabIndex = -1;
    this.current = element.id;
    element.tabIndex = 0;
    element.focus();
  }

  toggle(node, open = !this.open.has(node.id)) {
    if (open) this.open.add(node.id);
    else this.open.delete(node.id);
    this.draw();
  }

  key(event) {
    const element = event.target.closest('tr');
    const { node, row } = this.entry(element);
    const block = element.matches('.block');
    const open = block && this.open.has(node.id);
    const parent = node.parent && !this.flat && this.element(`${this.view.id}-n${node.parent.id}`);
    const go = (to) => to && to.matches('tr') && this.focus(to);
    const keys = {
      ArrowDown: () => go(element.nextElementSibling),
      ArrowUp: () => go(element.previousElementSibling),
      Home: () => go(this.rows.firstElementChild),
      End: () => go(this.rows.lastElementChild),
      ArrowRight: () => (block && !open ? this.toggle(node, true) : block && go(element.nextElementSibling)),
      ArrowLeft: () => (open ? this.toggle(node, false) : go(parent)),
      Enter: () => this.view.details.show(this.view, node, row),
      ' ': () => (block ? this.toggle(node) : this.view.details.show(this.view, node, row)),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.current = element.id;
    keys[event.key]();
  }

  mark(node) {
    for (const element of $$('[aria-selected]', this.rows)) element.removeAttribute('aria-selected');
    const element = node && this.element(`${this.view.id}-n${node.id}`);
    if (element) element.setAttribute('aria-selected', 'true');
  }
}
