import { useRef, useState, type FormEvent } from 'react';
import { ErrorNote } from '../components/ErrorNote';
import { Loading } from '../components/Loading';
import { Field } from '../components/Field';
import { newId } from '../lib/newId';
import { useLoad } from '../lib/useLoad';
import { fetchAPI } from '../services/api';
import { ApiError, errorText, jsonPost } from '../services/http';
import { useAuthStore } from '../store/authStore';
import type { Note } from '../types';

/** Saves a note. 409 means that an earlier attempt with the same id was saved: that is success. */
async function saveNote(clientId: string, text: string): Promise<void> {
  try {
    await fetchAPI('/notes/', jsonPost({ client_id: clientId, text }));
  } catch (reason) {
    if (!(reason instanceof ApiError && reason.status === 409)) throw reason;
  }
}

function AddNote({ onAdded }: { onAdded: () => void }) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [saved, setSaved] = useState(false);
  // The id outlives a failed attempt, so that trying again cannot save the note twice.
  const attempt = useRef({ text: '', clientId: '' });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    setSaved(false);
    if (attempt.current.text !== text) attempt.current = { text, clientId: newId() };
    try {
      await saveNote(attempt.current.clientId, text);
      attempt.current = { text: '', clientId: '' };
      setText('');
      setSaved(true);
      onAdded();
    } catch (reason) {
      setError(errorText(reason));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="add-note" onSubmit={(event) => void submit(event)} aria-busy={busy}>
      <Field label="New note" name="note" required value={text} onChange={(e) => setText(e.target.value)} />
      <button type="submit" aria-disabled={busy}>
        {busy ? 'Saving…' : 'Add note'}
      </button>
      <p role="status" className="hint">
        {saved && 'Note saved.'}
      </p>
      {error && <ErrorNote text={error} />}
    </form>
  );
}

function NoteItem({ note }: { note: Note }) {
  return (
    <li>
      <span>{note.text}</span>
      {note.created_at && (
        <time dateTime={note.created_at}>{new Date(note.created_at).toLocaleString()}</time>
      )}
    </li>
  );
}

export default function Dashboard() {
  const user = useAuthStore((state) => state.user);
  const { data, error, loading, reload } = useLoad<{ notes: Note[] }>('/notes/');
  return (
    <>
      <title>Dashboard · igny8</title>
      <h1>Dashboard</h1>
      <p>
        Signed in as <strong data-testid="user-email">{user?.email ?? '…'}</strong>
      </p>
      <section className="card" aria-labelledby="notes-title">
        <h2 id="notes-title">Your notes</h2>
        <AddNote onAdded={reload} />
        {loading && !data && <Loading what="notes" />}
        {error !== null && <ErrorNote text={errorText(error)} onRetry={reload} busy={loading} />}
        {data?.notes.length === 0 && <p className="hint">No notes yet. Write the first one above.</p>}
        {data && data.notes.length > 0 && (
          <ul className="notes">
            {data.notes.map((note) => (
              <NoteItem key={note.client_id} note={note} />
            ))}
          </ul>
        )}
      </section>
    </>
  );
}
