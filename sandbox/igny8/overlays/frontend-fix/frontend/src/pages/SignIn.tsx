import { useState } from 'react';
import { Link, Navigate, useLocation } from 'react-router';
import { AuthCard } from '../components/AuthCard';
import { Field } from '../components/Field';
import { errorText } from '../services/http';
import { useAuthStore } from '../store/authStore';

export default function SignIn() {
  const isAuthenticated = useAuthStore((state) => state.isAuthenticated);
  const notice = useAuthStore((state) => state.notice);
  const { login } = useAuthStore((state) => state.actions);
  const { state: cameFrom } = useLocation() as { state: { from?: string } | null };
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [rememberMe, setRememberMe] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await login(email, password, rememberMe);
    } catch (reason) {
      setError(errorText(reason));
    } finally {
      setBusy(false);
    }
  };

  if (isAuthenticated) return <Navigate to={cameFrom?.from ?? '/'} replace />;
  return (
    <AuthCard
      title="Sign in"
      submitLabel="Sign in"
      busy={busy}
      error={error}
      notice={notice}
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
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          name="remember_me"
          checked={rememberMe}
          onChange={(e) => setRememberMe(e.target.checked)}
          className="form-checkbox"
        />
        <span>Keep me logged in for 20 days</span>
      </label>
    </AuthCard>
  );
}
