/** Shown when a page fails to render or its chunk fails to load. */
export function PageError() {
  return (
    <main className="narrow">
      <div className="card" role="alert">
        <h1>This page did not load</h1>
        <p>You are still signed in. Loading the page again usually helps.</p>
        <button type="button" onClick={() => window.location.reload()}>
          Load again
        </button>
      </div>
    </main>
  );
}
