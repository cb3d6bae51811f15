// Building blocks: elements, numbers as people read them, the theme. Text is only ever set as text: nothing in these
// scripts parses a string as markup.

const SVG = 'http://www.w3.org/2000/svg';
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

function make(create, tag, attributes, children) {
  const element = create(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== '') element.append(child);
  return element;
}

const el = (tag, attributes = {}, ...children) =>
  make((name) => document.createElement(name), tag, attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  make((name) => document.createElementNS(SVG, name), tag, attributes, children);

// Numbers. A count may be a BigInt, where the model's are past what a number holds exactly.
const whole = (value) => (value === null ? '?' : value.toLocaleString('en-US'));

function short(value) {
  if (value === null) return '?';
  let number = Number(value);
  for (const unit of ['', 'K', 'M', 'B', 'T', 'Q']) {
    const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(number, 1))));
    if (number < 999.5 || unit === 'Q') return unit ? number.toFixed(digits) + unit : String(Math.round(number));
    number /= 1000;
  }
}

function bytes(value) {
  if (value === null) return '?';
  let number = Number(value);
  if (number < 1024) return `${number} byte${number === 1 ? '' : 's'}`;
  for (const unit of ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']) {
    number /= 1024;
    if (number < 1023.95 || unit === 'PiB') return `${number.toFixed(1)} ${unit}`;
  }
}

function ratio(part, all) {
  return part === null || !all ? 0 : Number(part) / Number(all);
}

function percent(share) {
  if (share > 0 && share < 0.0005) return '<0.1%';
  if (share >= 0.9995 && share < 1) return '99.9%';
  return `${(share * 100).toFixed(1)}%`;
}

function bar(share) {
  const width = Math.max(Math.min(share, 1), 0) * 100;
  return svg(
    'svg',
    { class: 'bar', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { width, height: 6 }),
  );
}

// A row of buttons of which one is chosen. The arrow keys move between them, as between radio buttons.
function choice(label, options, chosen, choose) {
  const group = el('div', { class: 'choice', role: 'radiogroup', 'aria-label': label });
  const pick = (button, value) => {
    for (const other of group.children) {
      other.setAttribute('aria-checked', String(other === button));
      other.tabIndex = other === button ? 0 : -1;
    }
    choose(value);
  };
  for (const [value, text] of options) {
    const on = value === chosen;
    const button = el(
      'button',
      { type: 'button', role: 'radio', 'aria-checked': String(on), tabindex: on ? 0 : -1 },
      text,
    );
    button.addEventListener('click', () => pick(button, value));
    group.append(button);
  }
  group.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...group.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    next.click();
  });
  return group;
}

// How wide text is in the graph.
const pen = document.createElement('canvas').getContext('2d');

function width(text, bold) {
  pen.font = bold ? '600 13px system-ui, sans-serif' : '12px system-ui, sans-serif';
  return pen.measureText(text).width;
}

// The middle is left out of a long name: both ends tell it apart.
function cut(text, most) {
  const chars = [...text];
  if (chars.length <= most) return text;
  return `${chars.slice(0, Math.ceil(most / 2)).join('')}…${chars.slice(chars.length - Math.floor(most / 2)).join('')}`;
}

function debounce(run, wait) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), wait);
  };
}

// The theme is the system's until somebody chooses another; the choice is kept where the browser allows that.
function remembered(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch {
    return null;
  }
}

function startTheme() {
  const button = $('#theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const dark = () => (document.documentElement.dataset.theme || (system.matches ? 'dark' : 'light')) === 'dark';
  const show = () => {
    button.textContent = dark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Switch to the ${dark() ? 'light' : 'dark'} theme`);
  };
  const kept = remembered('paramcalc-theme');
  if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept;
  button.hidden = false;
  button.addEventListener('click', () => {
    document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
    remembered('paramcalc-theme', document.documentElement.dataset.theme);
    show();
  });
  system.addEventListener('change', show);
  show();
}
