// Tables that the page has without scripts, made sortable, searchable and filterable where they stand.

function enliven(table) {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const many = rows.length > 1;
  if (many) heads.forEach((head, index) => sortable(table, heads, head, index, rows));
  if (table.dataset.table === 'model' || rows.length < 2) return;
  const search = el('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search this table',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const states = [...new Set(rows.map((row) => row.dataset.state))].filter(Boolean);
  const said = el('p', { class: 'note', role: 'status' });
  let state = '';
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = rows.filter((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = (state !== '' && row.dataset.state !== state) || !words.every((word) => text.includes(word));
      return !row.hidden;
    });
    said.textContent = shown.length === rows.length ? '' : `${whole(shown.length)} of ${whole(rows.length)}`;
  };
  search.addEventListener('input', debounce(filter, 80));
  const choose = (value) => {
    state = value;
    filter();
  };
  const kinds =
    states.length > 1
      ? choice('Which are shown', [['', 'All'], ...states.map((each) => [each, each])], '', choose)
      : '';
  table.closest('.scroll').before(el('div', { class: 'bar-of-tools' }, search, kinds, said));
}

function sortable(table, heads, head, index, rows) {
  const number = head.classList.contains('number');
  const label = head.textContent;
  if (!label) return;
  const key = (row) => {
    const cell = row.cells[index];
    return number ? Number(cell.dataset.value ?? cell.textContent.replace(/[^\d.-]/g, '')) || 0 : cell.textContent;
  };
  const sort = () => {
    const now = head.getAttribute('aria-sort');
    const first = number ? 'descending' : 'ascending';
    const other = number ? 'ascending' : 'descending';
    const next = !now ? first : now === first ? other : null;
    for (const each of heads) each.removeAttribute('aria-sort');
    if (next) head.setAttribute('aria-sort', next);
    const direction = next === 'ascending' ? 1 : -1;
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const sorted = next ? [...rows].sort((a, b) => direction * compare(key(a), key(b))) : rows;
    table.tBodies[0].append(...sorted);
  };
  head.replaceChildren(el('button', { type: 'button', onclick: sort }, label));
}
