/** An error with, if given, a button that tries again. */
export function ErrorNote({ text, onRetry, busy = false }: { text: string; onRetry?: () => void; busy?: boolean }) {
  return (
    <div className="error" role="alert">
      <p>{text}</p>
      {onRetry && (
        <button type="button" className="secondary" aria-disabled={busy} onClick={() => !busy && onRetry()}>
          {busy ? 'Trying…' : 'Try again'}
        </button>
      )}
    </div>
  );
}
