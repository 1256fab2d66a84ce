import { Link } from 'react-router';
import { useLoad } from '../lib/useLoad';
import { ApiError, errorText } from '../services/http';
import { ErrorNote } from './ErrorNote';
import { Loading } from './Loading';

interface ApiPageProps {
  title: string;
  path: string;
  /** What to say when the API refuses with this status. */
  refusedStatus: number;
  refusedTitle: string;
  refusedText: string;
}

/** A page behind an API that may refuse: the refusal is explained and the session stays. */
export function ApiPage({ title, path, refusedStatus, refusedTitle, refusedText }: ApiPageProps) {
  const { data, error, loading, reload } = useLoad<unknown>(path);
  const refused = error instanceof ApiError && error.status === refusedStatus;
  return (
    <>
      <title>{`${title} · igny8`}</title>
      <h1>{title}</h1>
      <section className="card">
        {loading && error === null && <Loading what={title.toLowerCase()} />}
        {!loading && refused && (
          <div role="alert">
            <h2>{refusedTitle}</h2>
            <p>{refusedText}</p>
            <p className="hint">
              The server said: {error.message} ({error.status})
            </p>
            <Link to="/">Back to the dashboard</Link>
          </div>
        )}
        {error !== null && !refused && <ErrorNote text={errorText(error)} onRetry={reload} busy={loading} />}
        {data !== null && <p>You have access.</p>}
      </section>
    </>
  );
}
