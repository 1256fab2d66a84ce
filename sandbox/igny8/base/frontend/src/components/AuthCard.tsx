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

/**
 * The form that the sign-in and register pages share: fields as children, one submit button.
 *
 * The places of notice and error are always there, because screen readers announce what appears in a live
 * region, not a region that appears. The busy button stays enabled, or it would lose the keyboard's focus.
 */
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
      <form className="card" onSubmit={submit} aria-busy={busy} aria-labelledby="form-title">
        <h1 id="form-title">{title}</h1>
        <div role="status">{notice && <p className="notice">{notice}</p>}</div>
        <div role="alert" id="form-error">
          {error && <p className="error">{error}</p>}
        </div>
        {children}
        <button type="submit" aria-disabled={busy} aria-describedby={error ? 'form-error' : undefined}>
          {busy && <span className="spinner" aria-hidden="true" />}
          {busy ? 'Please wait…' : submitLabel}
        </button>
      </form>
      <p className="footer">{footer}</p>
    </main>
  );
}
