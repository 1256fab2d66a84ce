import type { FormEvent, ReactNode } from 'react';
import { tagline } from '../texts';

interface AuthCardProps {
  title: string;
  submitLabel: string;
  busy: boolean;
  error: string | null;
  notice?: string | null;
  onSubmit: () => void;
  children: ReactNode;
  footer: ReactNode;
}

/** The form that the sign-in and register pages share: fields as children, one submit button. */
export function AuthCard({ title, submitLabel, busy, error, notice, onSubmit, children, footer }: AuthCardProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <main className="narrow">
      <title>{`${title} · igny8`}</title>
      <p className="brand">igny8</p>
      <p className="tagline">{tagline}</p>
      <form className="card" onSubmit={submit} aria-busy={busy}>
        <h1>{title}</h1>
        {notice && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        {error && (
          <p className="error" role="alert">
            {error}
          </p>
        )}
        {children}
        <button type="submit" disabled={busy}>
          {busy ? 'Please wait…' : submitLabel}
        </button>
      </form>
      <p className="footer">{footer}</p>
    </main>
  );
}
