import { useEffect } from 'react';
import { Navigate, Outlet } from 'react-router';
import { fetchAPI } from '../services/api';
import { useAuthStore } from '../store/authStore';
import type { User } from '../types';
import { Shell } from './Shell';

/** The frame of every page that needs a session. */
export function AppLayout() {
  const hasSession = useAuthStore((state) => state.isAuthenticated || state.refreshToken !== null);
  const user = useAuthStore((state) => state.user);
  const authState = useAuthStore((state) => state.actions);

  useEffect(() => {
    if (!hasSession || user) return;
    fetchAPI<{ user: User }>('/auth/me/')
      .then((answer) => authState.setUser(answer.user))
      .catch(() => undefined);
  }, [hasSession, user, authState]);

  useEffect(() => {
    if (!hasSession) return;
    const tokenRefreshInterval = setInterval(async () => {
      await authState.refreshToken();
    }, 720000);
    return () => clearInterval(tokenRefreshInterval);
  }, [hasSession, authState]);

  if (!hasSession) return <Navigate to="/signin" replace />;
  return (
    <Shell onLogout={authState.logout}>
      <Outlet />
    </Shell>
  );
}
