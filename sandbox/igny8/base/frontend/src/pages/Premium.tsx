import { ApiPage } from '../components/ApiPage';

export default function Premium() {
  return (
    <ApiPage
      title="Premium"
      path="/billing/premium/"
      refusedStatus={402}
      refusedTitle="Payment required"
      refusedText="Your plan does not include this page. You are still signed in."
    />
  );
}
