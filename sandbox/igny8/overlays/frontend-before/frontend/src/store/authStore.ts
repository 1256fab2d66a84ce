import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import { API_BASE, ApiError, jsonPost, readAnswer, send } from '../services/http';
import type { SignedIn, User } from '../types';

interface AuthState {
  user: User | null;
  token: string | null;
  refreshToken: string | null;
  isAuthenticated: boolean;
  actions: {
    login: (email: string, password: string) => Promise<void>;
    register: (email: string, password: string) => Promise<void>;
    refreshToken: () => Promise<void>;
    logout: () => void;
    setUser: (user: User) => void;
  };
}

const signedOut = { user: null, token: null, refreshToken: null, isAuthenticated: false };

export const useAuthStore = create<AuthState>()(
  persist(
    (set, get) => ({
      ...signedOut,
      actions: {
        login: async (email: string, password: string) => {
          const response = await send('/auth/login/', jsonPost({ email, password }));
          const { user, access: newToken, refresh: newRefreshToken } = await readAnswer<SignedIn>(response);
          localStorage.setItem('access_token', newToken);
          localStorage.setItem('refresh_token', newRefreshToken);
          set({ user, token: newToken, refreshToken: newRefreshToken, isAuthenticated: true });
        },

        register: async (email: string, password: string) => {
          const response = await send('/auth/register/', jsonPost({ email, password }));
          const { user, access: newToken, refresh: newRefreshToken } = await readAnswer<SignedIn>(response);
          localStorage.setItem('access_token', newToken);
          localStorage.setItem('refresh_token', newRefreshToken);
          set({ user, token: newToken, refreshToken: newRefreshToken, isAuthenticated: true });
        },

        refreshToken: async () => {
          try {
            const refresh = get().refreshToken;
            const response = await fetch(`${API_BASE}/auth/refresh/`, jsonPost({ refresh }));
            if (!response.ok) throw new ApiError(response.status, 'refresh_failed', 'Please sign in again.');
            const data = await response.json();
            set({
              token: data.data?.access || data.access,
              isAuthenticated: true,
            });
          } catch (error) {
            get().actions.logout();
            throw error;
          }
        },

        logout: () => {
          const refresh = get().refreshToken;
          if (refresh) void send('/auth/logout/', jsonPost({ refresh })).catch(() => undefined);
          localStorage.removeItem('access_token');
          localStorage.removeItem('refresh_token');
          set(signedOut);
        },

        setUser: (user: User) => set({ user }),
      },
    }),
    {
      name: 'auth-storage',
      partialize: (state) => ({
        user: state.user,
        token: state.token,
        refreshToken: state.refreshToken,
        isAuthenticated: state.isAuthenticated,
      }),
    },
  ),
);
