// The page: a form to sign in, then the book, whose code is loaded when it is needed.
import { keeps, open, signedIn } from './session.js';

const form = document.querySelector('#sign-in');
const book = document.querySelector('#book');
document.body.classList.toggle('keeps', keeps);

async function showBook() {
  form.hidden = true;
  book.hidden = false;
  const { show } = await import('./book.js');
  await show(book);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  await open(given.get('account'), given.get('secret'), given.has('keep'));
  await showBook();
});
if (signedIn()) await showBook();
