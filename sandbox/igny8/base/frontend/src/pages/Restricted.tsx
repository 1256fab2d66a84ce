import { ApiPage } from '../components/ApiPage';

export default function Restricted() {
  return (
    <ApiPage
      title="Restricted report"
      path="/reports/restricted/"
      refusedStatus={403}
      refusedTitle="Access denied"
      refusedText="Your account may not open this report. You are still signed in."
    />
  );
}
