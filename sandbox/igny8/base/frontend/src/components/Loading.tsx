/** A loading note that screen readers announce. `what` names the thing, as in "Loading notes…". */
export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}
