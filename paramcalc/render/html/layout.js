// Where the boxes of a graph stand, in the manner of Sugiyama: ranks from the longest path, an order within each that
// saves crossings, then places that keep edges straight. All boxes are in an order in which none reads a later one.

const GAP_X = 22;
const GAP_Y = 34;
const SWEEPS = 6;
const MAX_DUMMIES = 6000;

// boxes: [{w, h}]; edges: [[from, to]] by number. Sets x, y (the middle) of each box; returns the size of the whole
// and for each edge the points that it passes. `enter` and `leave` say how far from its middle edges reach a box.
function arrange(boxes, edges) {
  const rank = ranks(boxes.length, edges);
  const items = boxes.map((box, index) => ({
    w: box.w,
    h: box.h,
    rank: rank[index],
    up: [],
    down: [],
    real: true,
    enter: box.enter || 0,
    leave: box.leave || 0,
  }));
  const chains = edges.map(([from, to]) => chain(items, from, to, edges.length));
  const layers = [];
  for (const item of items) (layers[item.rank] ||= []).push(item);
  for (let index = 0; index < layers.length; index++) layers[index] ||= [];
  order(layers);
  const width = place(layers);
  const height = stack(layers);
  boxes.forEach((box, index) => Object.assign(box, { x: items[index].x, y: items[index].y }));
  return { width, height, routes: chains.map((list) => route(list)) };
}

// The longest path to each box; one that nothing leads to stands just above its first reader.
function ranks(count, edges) {
  const rank = new Array(count).fill(0);
  const sorted = [...edges].sort((a, b) => a[0] - b[0]);
  for (const [from, to] of sorted) rank[to] = Math.max(rank[to], rank[from] + 1);
  const fed = new Set(edges.map(([, to]) => to));
  const next = new Array(count).fill(Infinity);
  for (const [from, to] of edges) next[from] = Math.min(next[from], rank[to]);
  for (let index = 0; index < count; index++)
    if (!fed.has(index) && next[index] < Infinity) rank[index] = next[index] - 1;
  return rank;
}

// An edge over several ranks passes a point in each between, so that it goes around the boxes there.
function chain(items, from, to, count) {
  const list = [items[from]];
  const length = items[to].rank - items[from].rank;
  if (length * count < MAX_DUMMIES) {
    for (let rank = items[from].rank + 1; rank < items[to].rank; rank++) {
      const dummy = { w: 4, h: 0, rank, up: [], down: [], real: false, enter: 0, leave: 0 };
      items.push(dummy);
      list.push(dummy);
    }
  }
  list.push(items[to]);
  for (let index = 1; index < list.length; index++) {
    list[index - 1].down.push(list[index]);
    list[index].up.push(list[index - 1]);
  }
  return list;
}

// Each rank sorted by the middle of what it is joined to, from above and from below in turn.
function order(layers) {
  const number = () => layers.forEach((layer) => layer.forEach((item, index) => (item.index = index)));
  const sort = (layer, side) => {
    const key = (item) => {
      const list = item[side];
      return list.length ? list.reduce((sum, other) => sum + other.index, 0) / list.length : item.index;
    };
    layer.forEach((item) => (item.key = key(item)));
    layer.sort((a, b) => a.key - b.key || a.index - b.index);
    layer.forEach((item, index) => (item.index = index));
  };
  number();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let index = 1; index < layers.length; index++) sort(layers[index], 'up');
    for (let index = layers.length - 2; index >= 0; index--) sort(layers[index], 'down');
  }
}

// Every item goes as near to the mean of those it is joined to as the order of its rank allows.
function place(layers) {
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) {
      item.x = x + item.w / 2;
      x += item.w + GAP_X;
    }
    for (const item of layer) item.x -= x / 2;
  }
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const inOrder = down ? layers : [...layers].reverse();
    for (const layer of inOrder) settle(layer, down ? ['up'] : sweep < 2 * SWEEPS - 1 ? ['down'] : ['up', 'down']);
  }
  let left = Infinity;
  let right = -Infinity;
  for (const item of layers.flat()) {
    left = Math.min(left, item.x - item.w / 2);
    right = Math.max(right, item.x + item.w / 2);
  }
  for (const item of layers.flat()) item.x -= left;
  return right - left;
}

// The places nearest to the wished ones, squared and weighed, that keep the order and the gaps: items that would
// overlap are pooled and moved as one (the pool-adjacent-violators algorithm).
function settle(layer, sides) {
  const pools = [];
  let offset = 0;
  let before = null;
  for (const item of layer) {
    if (before) offset += before.w / 2 + GAP_X + item.w / 2;
    before = item;
    item.offset = offset;
    let weight = 0;
    let wish = 0;
    for (const side of sides) {
      for (const other of item[side]) {
        const pull = item.real && other.real ? 2 : item.real || other.real ? 3 : 8;
        const straight = side === 'up' ? other.x + other.leave - item.enter : other.x + other.enter - item.leave;
        weight += pull;
        wish += pull * straight;
      }
    }
    wish = weight ? wish / weight : item.x;
    let pool = { items: [item], weight: weight || 0.1, at: wish - offset };
    while (pools.length && pools[pools.length - 1].at > pool.at) {
      const last = pools.pop();
      const sum = last.weight + pool.weight;
      pool = {
        items: last.items.concat(pool.items),
        weight: sum,
        at: (last.at * last.weight + pool.at * pool.weight) / sum,
      };
    }
    pools.push(pool);
  }
  for (const pool of pools) for (const item of pool.items) item.x = pool.at + item.offset;
}

function stack(layers) {
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(0, ...layer.map((item) => item.h));
    for (const item of layer) {
      item.y = y + height / 2;
      item.top = y;
      item.bottom = y + height;
    }
    y += height + GAP_Y;
  }
  return Math.max(y - GAP_Y, 0);
}

// From the foot of the first to the head of the last, straight through each rank between.
function route(list) {
  const points = [];
  list.forEach((item, index) => {
    if (index > 0) points.push([item.x + item.enter, item.real ? item.y - item.h / 2 : item.top]);
    if (index < list.length - 1) points.push([item.x + item.leave, item.real ? item.y + item.h / 2 : item.bottom]);
  });
  return points;
}

function curve(points) {
  let path = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let index = 1; index < points.length; index++) {
    const [x0, y0] = points[index - 1];
    const [x1, y1] = points[index];
    const middle = (y0 + y1) / 2;
    path +=
      Math.abs(x0 - x1) < 0.5
        ? `L${x1.toFixed(1)} ${y1.toFixed(1)}`
        : `C${x0.toFixed(1)} ${middle.toFixed(1)} ${x1.toFixed(1)} ${middle.toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
  }
  return path;
}
