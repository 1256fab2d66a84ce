import { useEffect } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { fetchAPI } from '../services/api';
import { useAuthStore } from '../store/authStore';
import type { User } from '../types';
import { Shell } from './Shell';

/** The frame of every page that needs a session. Tokens are refreshed by api.ts when a request needs it. */
export function AppLayout() {
  const hasSession = useAuthStore((state) => state.refreshToken !== null);
  const user = useAuthStore((state) => state.user);
  const authState = useAuthStore((state) => state.actions);
  const { pathname } = useLocation();

  useEffect(() => {
    if (!hasSession || user) return;
    fetchAPI<{ user: User }>('/auth/me/')
      .then((answer) => authState.setUser(answer.user))
      .catch(() => undefined);
  }, [hasSession, user, authState]);

  if (!hasSession) return <Navigate to="/signin" replace state={{ from: pathname }} />;
  // Another tab may sign in somebody else: a new key drops what the page had loaded.
  return (
    <Shell key={user?.id} onLogout={authState.logout}>
      <Outlet />
    </Shell>
  );
}
