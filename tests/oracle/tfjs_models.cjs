// Random models of TensorFlow.js, and what it says of their files, as tests.oracle.compare reads them:
// `npm install @tensorflow/tfjs-core @tensorflow/tfjs-layers @tensorflow/tfjs-backend-cpu; node tfjs_models.cjs FIRST COUNT`.
// Random tfjs-layers models: one JSON line each {seed, config, truth}
const tf = Object.assign({}, require('@tensorflow/tfjs-core'), require('@tensorflow/tfjs-layers'));
require('@tensorflow/tfjs-backend-cpu');
const L = tf.layers;
const first = +process.argv[2], count = +process.argv[3];
function rngOf(seed) { let a = seed >>> 0; return () => { a = (a + 0x6D2B79F5) | 0; let t = Math.imul(a ^ (a >>> 15), 1 | a); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; }; }
let R;
const int = (a, b) => a + Math.floor(R() * (b - a + 1));
const pick = (xs) => xs[int(0, xs.length - 1)];
const maybe = (p) => R() < p;
const ACT = ['relu', 'tanh', 'sigmoid', 'softmax', 'linear', 'elu', 'selu', 'softplus', 'hardSigmoid', 'swish', 'relu6', 'mish', 'gelu'];
const act = () => (maybe(0.5) ? { activation: pick(ACT) } : {});
const common = () => { const o = {}; if (maybe(0.08)) o.trainable = false; if (maybe(0.05)) o.name = 'my layer ' + int(1, 1e6); return o; };
const reg = () => maybe(0.1) ? { kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }) } : {};
const con = () => maybe(0.1) ? { kernelConstraint: tf.constraints.maxNorm({ maxValue: 2 }) } : {};
function convOpts(n) {
  const o = { kernelSize: maybe(0.6) ? int(1, 4) : Array.from({ length: n }, () => int(1, 3)), padding: pick(['valid', 'same']), useBias: maybe(0.7), ...act(), ...reg(), ...con() };
  if (n > 1 && maybe(0.15)) o.dataFormat = 'channelsFirst';
  if (n === 1 && maybe(0.15)) o.padding = 'causal';
  if (maybe(0.5)) o.strides = maybe(0.6) ? int(1, 3) : Array.from({ length: n }, () => int(1, 3)); else if (n < 3 && maybe(0.3)) o.dilationRate = int(1, 2);
  return o;
}
const rnnOpts = () => ({ units: int(1, 6), returnSequences: maybe(0.5), useBias: maybe(0.8), goBackwards: maybe(0.1), dropout: pick([0, 0, 0.3]), recurrentDropout: pick([0, 0.2]), ...(maybe(0.2) ? { recurrentInitializer: 'glorotNormal' } : {}) });
function rnn(extra = {}) { const o = { ...rnnOpts(), ...extra }; const k = pick(['lstm', 'gru', 'simpleRNN']); if (k === 'gru' && maybe(0.1)) o.resetAfter = false; if (maybe(0.3)) o.implementation = int(1, 2); return L[k](o); }
function cell() { const k = pick(['lstmCell', 'gruCell', 'simpleRNNCell']); return L[k]({ units: int(1, 5) }); }
const any = [
  (x, c) => L.dense({ units: int(1, 8), useBias: maybe(0.8), ...act(), ...reg(), ...con(), ...c }),
  (x, c) => L.batchNormalization({ axis: maybe(0.7) ? -1 : int(1, x.length - 1), center: maybe(0.8), scale: maybe(0.8), ...c }),
  (x, c) => L.layerNormalization({ axis: maybe(0.7) ? -1 : int(1, x.length - 1), center: maybe(0.8), scale: maybe(0.8), ...c }),
  (x, c) => L.activation({ activation: pick(ACT), ...c }), (x, c) => L.reLU({ ...(maybe(0.5) ? { maxValue: 6 } : {}), ...c }), (x, c) => L.leakyReLU({ alpha: 0.2, ...c }),
  (x, c) => L.elu(c), (x, c) => L.thresholdedReLU(c), (x, c) => L.softmax({ axis: -1, ...c }), (x, c) => L.prelu({ ...(x.length > 2 && maybe(0.5) ? { sharedAxes: [1] } : {}), ...c }),
  (x, c) => L.dropout({ rate: 0.3, ...c }), (x, c) => L.gaussianNoise({ stddev: 0.1, ...c }), (x, c) => L.gaussianDropout({ rate: 0.1, ...c }), (x, c) => L.alphaDropout({ rate: 0.1, ...c }),
  (x, c) => L.masking(c), (x, c) => L.flatten({ ...(maybe(0.3) ? { dataFormat: 'channelsFirst' } : {}), ...c }), (x, c) => L.reshape({ targetShape: pick([[-1], [-1, x[x.length - 1] || 1], [1, -1]]), ...c }),
  (x, c) => { const d = Array.from({ length: x.length - 1 }, (_, i) => i + 1).sort(() => R() - 0.5); return L.permute({ dims: d, ...c }); },
];
const byRank = {
  2: [(x, c) => L.repeatVector({ n: int(1, 4), ...c })],
  3: [(x, c) => L.conv1d({ filters: int(1, 5), ...convOpts(1), ...c }), (x, c) => L.maxPooling1d({ poolSize: int(1, 3), padding: pick(['valid', 'same']), ...c }), (x, c) => L.averagePooling1d({ poolSize: int(1, 3), strides: int(1, 2), ...c }),
    (x, c) => L.globalAveragePooling1d(c), (x, c) => L.globalMaxPooling1d(c), (x, c) => L.spatialDropout1d({ rate: 0.2, ...c }), () => rnn(), () => rnn(), () => rnn(),
    (x, c) => L.bidirectional({ layer: rnn(), mergeMode: pick(['concat', 'sum', 'ave', 'mul']), ...c }), (x, c) => L.rnn({ cell: maybe(0.5) ? cell() : [cell(), cell()], returnSequences: maybe(0.5), ...c }),
    (x, c) => L.rnn({ cell: L.stackedRNNCells({ cells: [cell(), cell(), cell()] }), returnSequences: maybe(0.5) }),
    (x, c) => L.timeDistributed({ layer: L.dense({ units: int(1, 6), ...act() }), ...c })],
  4: [(x, c) => L.conv2d({ filters: int(1, 5), ...convOpts(2), ...c }), (x, c) => L.conv2dTranspose({ filters: int(1, 5), ...(({ dilationRate, ...o }) => o)(convOpts(2)), ...c }), (x, c) => L.separableConv2d({ filters: int(1, 5), ...convOpts(2), ...c }),
    (x, c) => L.depthwiseConv2d({ depthMultiplier: int(1, 3), ...convOpts(2), ...c }), (x, c) => L.maxPooling2d({ poolSize: int(1, 3), padding: pick(['valid', 'same']), ...c }), (x, c) => L.averagePooling2d({ poolSize: [int(1, 3), int(1, 3)], strides: int(1, 2), ...c }),
    (x, c) => L.globalAveragePooling2d({ ...(maybe(0.2) ? { dataFormat: 'channelsFirst' } : {}), ...c }), (x, c) => L.globalMaxPooling2d(c), (x, c) => L.cropping2D({ cropping: pick([[[1, 0], [0, 1]], [[0, 0], [1, 1]]]), ...c }),
    (x, c) => L.upSampling2d({ size: [int(1, 3), int(1, 2)], ...(maybe(0.3) ? { interpolation: 'bilinear' } : {}), ...c }), (x, c) => L.zeroPadding2d({ padding: pick([1, [1, 2], [[1, 0], [2, 1]]]), ...c }),
    (x, c) => L.timeDistributed({ layer: pick([() => L.conv1d({ filters: 2, kernelSize: 2 }), () => L.flatten(), () => rnn(), () => L.dense({ units: 3 })])(), ...c }),
    (x, c) => L.resizing({ height: int(2, 8), width: int(2, 8), ...c }), (x, c) => L.rescaling({ scale: 0.5, ...c }), (x, c) => L.centerCrop({ height: int(1, 4), width: int(1, 4), ...c })],
  5: [(x, c) => L.conv3d({ filters: int(1, 3), ...convOpts(3), ...c }), (x, c) => L.maxPooling3d({ poolSize: int(1, 2), ...c }), (x, c) => L.averagePooling3d({ poolSize: int(1, 2), ...c }), (x, c) => L.conv3dTranspose({ filters: int(1, 3), ...(({ dilationRate, ...o }) => o)(convOpts(3)), ...c }),
    (x, c) => L.convLstm2d({ filters: int(1, 3), kernelSize: int(1, 3), padding: pick(['same', 'valid']), returnSequences: maybe(0.5), ...c }), (x, c) => L.timeDistributed({ layer: L.conv2d({ filters: 2, kernelSize: 2, padding: 'same' }), ...c })],
};
function layerFor(shape) { const options = any.concat(byRank[shape.length] || [], byRank[shape.length] || []); return pick(options)(shape, common()); }
function input() { const rank = pick([1, 2, 2, 3, 3, 3, 4]); const s = Array.from({ length: rank }, () => int(2, rank === 4 ? 5 : 9)); if (rank === 2 && maybe(0.15)) s[0] = null; return s; }
const size = (s) => s.reduce((a, n) => a * (n || 1), 1);
function sequential() {
  const m = tf.sequential(maybe(0.5) ? { name: 'seq_' + int(1, 99) } : {}); const shape = input();
  const start = pick(['input', 'first', 'embed', 'first']);
  const n = int(1, 8); let added = 0;
  if (start === 'input') m.add(tf.layers.inputLayer({ inputShape: shape }));
  if (start === 'embed') { m.add(L.embedding({ inputDim: int(3, 30), outputDim: int(1, 6), ...(maybe(0.5) ? { inputLength: int(2, 6) } : { inputShape: [null] }), maskZero: maybe(0.2) })); added = 1; }
  for (let i = 0; i < n * 6 && added < n; i++) {
    try {
      const cur = m.layers.length ? m.outputs[0].shape : [null, ...shape];
      const extra = m.layers.length ? {} : (maybe(0.7) ? { inputShape: shape } : { batchInputShape: [pick([null, 2]), ...shape] });
      const cfgLayer = layerFor(cur);
      let layer = cfgLayer;
      if (!m.layers.length) { const cls = cfgLayer.constructor; const cfg = cfgLayer.getConfig(); layer = cls.fromConfig ? null : null; layer = pick(any)(cur, { ...common(), ...extra }); }
      if (maybe(0.1) && m.layers.length && cur.length > 1) { const inner = tf.sequential(); const l = layerFor(cur); inner.add(L.inputLayer({ batchInputShape: cur })); inner.add(l); layer = inner; }
      m.add(layer); added++;
      if (size(m.outputs[0].shape) > 20000) throw new Error('big');
    } catch (e) { if (e.message === 'big') throw e; }
  }
  if (!m.layers.length) throw new Error('nothing');
  return m;
}
function functional(depth = 0) {
  const ins = Array.from({ length: pick([1, 1, 2, 3]) }, () => tf.input(maybe(0.8) ? { shape: input() } : { batchShape: [pick([1, null]), ...input()] }));
  const ts = [...ins]; const called = []; const read = new Set();
  if (maybe(0.2)) { const i = tf.input({ shape: [pick([null, 5])], dtype: 'int32' }); ins.push(i); ts.push(L.embedding({ inputDim: 20, outputDim: 4 }).apply(i)); read.add(i); }
  const keep = (inp, out) => { for (const o of [].concat(out)) { if (size(o.shape) > 20000) throw new Error('big'); ts.push(o); } inp.forEach(x => read.add(x)); };
  for (let i = 0; i < int(3, 12); i++) for (let t = 0; t < 10; t++) {
    try {
      const x = pick(ts); if (x.dtype === 'int32') continue; const k = R();
      if (k < 0.55) { const l = layerFor(x.shape); const y = l.apply(x); keep([x], y); called.push([l, x.shape]); }
      else if (k < 0.65 && called.length) { const [l, s] = pick(called); const y = pick(ts.filter(z => JSON.stringify(z.shape) === JSON.stringify(s))); if (!y) continue; keep([y], l.apply(y)); }
      else if (k < 0.85) { const same = ts.filter(z => z.shape.length === x.shape.length && z.dtype !== 'int32'); const y = pick(same); const name = pick(['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate', 'dot']); const o = common(); if (name === 'concatenate') o.axis = pick([-1, 1]); if (name === 'dot') { o.axes = pick([1, -1, [1, 2], [2, 1]]); o.normalize = maybe(0.3); } keep([x, y], L[name](o).apply([x, y])); }
      else if (k < 0.92 && x.shape.length === 3) { const u = int(2, 5); const enc = L.lstm({ units: u, returnState: true }); const o = enc.apply(x); keep([x], o); const dec = L.lstm({ units: u, returnSequences: true, returnState: maybe(0.5) }); keep([x], dec.apply(x, { initialState: [o[1], o[2]] })); }
      else if (depth < 2 && x.shape.length > 1) { const inner = tf.sequential(); inner.add(L.inputLayer({ batchInputShape: x.shape })); inner.add(layerFor(x.shape)); const y = inner.apply(x); keep([x], y); called.push([inner, x.shape]); }
      else continue; break;
    } catch (e) { }
  }
  const loose = ts.filter(t => !read.has(t) && !ins.includes(t)); if (!loose.length) throw new Error('nothing');
  const outs = loose.slice(-int(1, 3));
  const need = new Set(); const walk = (t) => { if (need.has(t)) return; need.add(t); const n = t.sourceLayer.inboundNodes[t.nodeIndex]; n.inputTensors.forEach(walk); }; outs.forEach(walk);
  const used = ins.filter(i => need.has(i));
  const m = tf.model({ inputs: used.length === 1 ? used[0] : used, outputs: outs.length === 1 ? outs[0] : outs }); return m;
}
const shapesOf = (x) => x === undefined || x.length === 0 ? [] : (Array.isArray(x[0]) ? x : [x]);
function truth(m) {
  const idx = m.containerNodes;
  const layers = m.layers.map(l => {
    const calls = []; l.inboundNodes.forEach((n, i) => { if (idx.has(l.name + '_ib-' + i)) calls.push({ shapes: shapesOf(n.outputShapes) }); });
    const t = l.trainableWeights.reduce((a, w) => a + size(w.shape), 0);
    const o = { name: l.name, class: l.getClassName(), params: l.countParams(), trainable: t, non_trainable: l.countParams() - t, calls, weights: l.weights.map(w => ['', w.shape, true]) };
    if (l.layers) o.layers = [];
    return o;
  });
  const tr = m.trainableWeights.reduce((a, w) => a + size(w.shape), 0);
  return { built: true, macs_error: 'tfjs', name: m.name, layers, operations: [], totals: { params: m.countParams(), trainable: tr, non_trainable: m.countParams() - tr, macs: null }, outputs: m.outputs.map(o => o.shape), inputs: m.inputs.map(o => [o.sourceLayer.name, o.shape, o.dtype]) };
}
async function main() { for (let seed = first; seed < first + count; seed++) {
  R = rngOf(seed * 7919 + 13); let m;
  for (let tries = 0; ; tries++) { try { m = maybe(0.4) ? sequential() : functional(); if (!m.outputs || !m.outputs.length) throw new Error('no'); break; } catch (e) { if (tries > 200) { console.error(e); process.exit(1); } } }
  const config = { modelTopology: m.toJSON(null, false), format: 'layers-model', generatedBy: 'TensorFlow.js tfjs-layers v4.22.0', convertedBy: null, weightsManifest: [{ paths: ['weights.bin'], weights: m.getNamedWeights().map(({ name, tensor }) => ({ name, shape: tensor.shape, dtype: tensor.dtype })) }] };
  const text = JSON.stringify(config); let again, t;
  try { again = await tf.loadLayersModel({ load: async () => ({ modelTopology: JSON.parse(text).modelTopology }) }, { strict: false }); t = { truth: truth(again) }; } catch (e) { t = { refused: String(e.message).slice(0, 300) }; }
  console.log(JSON.stringify({ seed, config: text, ...t }));
  m.dispose(); if (again) again.dispose();
} }
main();
