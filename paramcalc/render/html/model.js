// A model as the page's data has it, and what is asked of it: sums over blocks, who reads what, which types there are.

const METRICS = {
  params: { label: 'Parameters', field: 'params', show: whole, short },
  macs: { label: 'MACs', field: 'macs', show: whole, short },
  bytes: { label: 'Weight memory', field: 'bytes', show: bytes, short: bytes },
  output: { label: 'Output memory', field: 'output', show: bytes, short: bytes },
};

class Model {
  constructor(data) {
    this.data = data;
    this.number = data.big ? BigInt : Number;
    this.zero = this.number(0);
    this.count = data.paths.length;
    this.paths = data.paths;
    this.inputs = data.inputs;
    this.nodes = [];
    this.roots = this.readTree(data.tree, null, 1);
    this.sums = {};
    for (const [name, metric] of Object.entries(METRICS)) this.sums[name] = this.prefixSums(metric.field);
    this.colours = this.pickColours();
    this.statuses = data.statuses || {};
    this.touched = [0];
    for (let row = 0; row < this.count; row++) this.touched.push(this.touched[row] + (this.statuses[row] ? 1 : 0));
  }

  kind(row) {
    return this.data.kinds[this.data.kind[row]];
  }

  // A tree of blocks. `unit` is where the first of the repeats ends: its children are all that is shown of them.
  readTree(list, parent, level) {
    return list.map(([label, repeats, start, end, children]) => {
      const node = { id: this.nodes.length, label, repeats, start, end, parent, level, children: [], unit: end };
      this.nodes.push(node);
      if (children) node.children = this.readTree(children, node, level + 1);
      if (children) node.unit = node.children[node.children.length - 1].end;
      else node.unit = start + 1;
      return node;
    });
  }

  // For each metric the sums of all layers before a row, and how many of them are unknown.
  prefixSums(field) {
    const sums = [this.zero];
    const unknown = [0];
    for (let row = 0; row < this.count; row++) {
      const value = this.value(row, field);
      sums.push(sums[row] + (value === null ? this.zero : value));
      unknown.push(unknown[row] + (value === null ? 1 : 0));
    }
    return { sums, unknown };
  }

  value(row, field) {
    const value = this.kind(row)[field];
    return value === null ? null : this.number(value === undefined ? 0 : value);
  }

  // What the layers of a block come to, all its repeats included; null where one of them is unknown.
  sum(node, metric) {
    const { sums, unknown } = this.sums[metric];
    return unknown[node.end] > unknown[node.start] ? null : sums[node.end] - sums[node.start];
  }

  known(node, metric) {
    const { sums } = this.sums[metric];
    return sums[node.end] - sums[node.start];
  }

  total(metric) {
    return this.sums[metric].sums[this.count];
  }

  // The metrics of which there is anything.
  metrics() {
    return Object.keys(METRICS).filter((name) => this.total(name) > this.zero);
  }

  type(node) {
    if (node.end - node.start === 1 || !node.children.length) return this.kind(node.start).type;
    return `${whole(node.end - node.start)} layers`;
  }

  // What became of a layer, or of those that a node stands for; only where two models are compared.
  status(node, row) {
    if (row !== undefined || !this.data.statuses) return this.statuses[row] || '';
    const found = new Set();
    for (const start of this.starts(node)) {
      if (this.touched[start + node.end - node.start] === this.touched[start]) found.add('');
      else for (let at = start; at < start + node.end - node.start; at++) found.add(this.statuses[at] || '');
    }
    return found.size > 1 ? 'changed' : [...found][0];
  }

  // The first layer of a node and of its like in every other repeat of the blocks around it.
  starts(node) {
    let found = [node.start];
    for (let outer = node.parent; outer; outer = outer.parent) {
      const size = outer.unit - outer.start;
      found = Array.from({ length: outer.repeats }, (_, repeat) => found.map((start) => start + repeat * size)).flat();
    }
    return found;
  }

  isLayer(node) {
    return !node.children.length;
  }

  // (type, how many layers), the most frequent first.
  types() {
    const found = new Map();
    for (let row = 0; row < this.count; row++) {
      const { type } = this.kind(row);
      found.set(type, (found.get(type) || 0) + 1);
    }
    return [...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  // The types that hold the most have a colour of their own, the same in every view.
  pickColours() {
    const sizes = new Map();
    for (let row = 0; row < this.count; row++) {
      const { type, params, macs } = this.kind(row);
      sizes.set(type, (sizes.get(type) || 0) + Number(params || 0) + Number(macs || 0) / 1e3);
    }
    const order = [...sizes].filter(([, size]) => size > 0).sort((a, b) => b[1] - a[1]);
    return new Map(order.slice(0, 7).map(([type], index) => [type, `c${index}`]));
  }

  colour(node, metric) {
    const best = new Map();
    for (let row = node.start; row < node.unit; row++) {
      const { type } = this.kind(row);
      best.set(type, (best.get(type) || 0) + Number(this.value(row, METRICS[metric].field) || 0));
    }
    const [type] = [...best].reduce((a, b) => (b[1] > a[1] ? b : a));
    return this.colours.get(type) || 'cx';
  }

  // The producers that a row reads, inputs as negative numbers.
  reads(row) {
    return this.data.reads[row].map((index) => index - this.inputs.length);
  }

  name(producer) {
    return producer < 0 ? this.inputs[producer + this.inputs.length][0] : this.paths[producer];
  }

  readers() {
    if (!this.readBy) {
      this.readBy = new Map();
      for (let row = 0; row < this.count; row++) {
        for (const producer of this.reads(row)) {
          if (!this.readBy.has(producer)) this.readBy.set(producer, []);
          this.readBy.get(producer).push(row);
        }
      }
    }
    return this.readBy;
  }

  get hasGraph() {
    return this.data.reads.some((list) => list.length);
  }

  // The child of a block, or of the whole, that a row belongs to; undefined for one of another repeat.
  childOf(node, row) {
    const children = node ? node.children : this.roots;
    let low = 0;
    let high = children.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (row < children[middle].start) high = middle - 1;
      else if (row >= children[middle].end) low = middle + 1;
      else return children[middle];
    }
    return undefined;
  }
}
