import { useState } from 'react';
import { Link, Navigate } from 'react-router';
import { AuthCard } from '../components/AuthCard';
import { Field } from '../components/Field';
import { errorText } from '../services/http';
import { useAuthStore } from '../store/authStore';

export default function SignIn() {
  const isAuthenticated = useAuthStore((state) => state.isAuthenticated);
  const { login } = useAuthStore((state) => state.actions);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await login(email, password);
    } catch (reason) {
      setError(errorText(reason));
    } finally {
      setBusy(false);
    }
  };

  if (isAuthenticated) return <Navigate to="/" replace />;
  return (
    <AuthCard
      title="Sign in"
      submitLabel="Sign in"
      busy={busy}
      error={error}
      onSubmit={() => void submit()}
      footer={
        <>
          New here? <Link to="/register">Create an account</Link>
        </>
      }
    >
      <Field
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        value={email}
        onChange={(e) => setEmail(e.target.value)}
      />
      <Field
        label="Password"
        type="password"
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(e) => setPassword(e.target.value)}
      />
    </AuthCard>
  );
}
