import { Link } from 'react-router';

export default function NotFound() {
  return (
    <>
      <title>Not found · igny8</title>
      <h1>Page not found</h1>
      <p>
        There is nothing at this address. <Link to="/">Back to the dashboard</Link>
      </p>
    </>
  );
}
