// Puts the parts together: a view of each model, made when it is first shown.

class View {
  constructor(article, details) {
    this.id = article.id;
    this.details = details;
    this.part = $('.part', article).tagName;
    this.model = new Model(JSON.parse($('script[type="application/json"]', article).textContent));
    this.layers = new Layers(this);
    this.shares = new Shares(this);
    this.graph = this.model.hasGraph ? new Graph(this) : null;
    const parts = [this.shares.section, this.layers.section, this.graph && this.graph.section].filter(Boolean);
    const old = $('.static', article);
    const notes = $$('.note', old);
    old.replaceWith(...parts);
    this.layers.section.append(...notes.filter((note) => !note.textContent.startsWith('folded')));
    this.shares.section && this.shares.draw();
  }

  // The heading of a part of this model, one level below the model's own.
  heading(text) {
    return el(this.part, { class: 'part' }, text);
  }

  // The node that shows a layer: one of another repeat is shown as its like in the first.
  nodeOf(row) {
    let node = this.model.childOf(null, row);
    while (node.children.length) {
      row = node.start + ((row - node.start) % (node.unit - node.start));
      node = this.model.childOf(node, row);
    }
    return node;
  }

  mark(node) {
    this.layers.mark(node);
    if (this.graph) this.graph.mark(node);
  }

  reveal(node) {
    this.graph.section.scrollIntoView({ block: 'start' });
    this.graph.reveal(node);
  }
}

function startModels() {
  const articles = $$('article.model');
  const details = new Details();
  const views = new Map();
  const links = $$('table.models a');
  const open = (article) => {
    for (const other of articles) other.hidden = other !== article;
    details.panel.hidden || details.close();
    for (const link of links) {
      const here = link.hash === `#${article.id}`;
      if (here) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
      link.closest('tr').classList.toggle('current', here);
    }
    if (!views.has(article)) views.set(article, new View(article, details));
  };
  const named = () => articles.find((article) => `#${article.id}` === location.hash);
  addEventListener('hashchange', () => named() && open(named()));
  for (const link of links) {
    link.closest('tr').addEventListener('click', (event) => event.target !== link && link.click());
  }
  if (articles.length) open(named() || articles[0]);
}

startTheme();
for (const table of $$('table[data-table]')) enliven(table);
startModels();
document.documentElement.classList.add('ready');
