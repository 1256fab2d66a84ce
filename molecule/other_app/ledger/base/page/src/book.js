// The entries of the user, and a new one.
import { call } from './session.js';

export async function show(place) {
  const { entries } = await call('GET', '/api/v2/entries');
  const list = document.createElement('ul');
  list.append(...entries.map(({ memo }) => Object.assign(document.createElement('li'), { textContent: memo })));
  const add = Object.assign(document.createElement('button'), { textContent: 'New entry' });
  add.addEventListener('click', async () => {
    const memo = prompt('Memo');
    if (memo) await call('POST', '/api/v2/entries', { number: crypto.randomUUID(), memo });
    await show(place);
  });
  place.replaceChildren(list, add);
}
