import type { ReactNode } from 'react';
import { NavLink } from 'react-router';
import { useOnline } from '../lib/useOnline';
import { tagline } from '../texts';

/** Header with navigation, the page, and the footer. `onLogout` runs when the user logs out. */
export function Shell({ onLogout, children }: { onLogout: () => void; children: ReactNode }) {
  const online = useOnline();
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <span className="brand">igny8</span>
        <nav aria-label="Main">
          <NavLink to="/" end>
            Dashboard
          </NavLink>
          <NavLink to="/restricted">Restricted</NavLink>
          <NavLink to="/premium">Premium</NavLink>
        </nav>
        <button type="button" className="secondary" onClick={onLogout}>
          Log out
        </button>
      </header>
      <div role="status" className="offline">
        {!online && <p className="notice">You are offline. You stay signed in.</p>}
      </div>
      <main id="main" className="wide" tabIndex={-1}>
        {children}
      </main>
      <footer className="footer">{tagline}</footer>
    </>
  );
}
