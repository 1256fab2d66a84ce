"""Step 7c: what a refresh sets, in the ways people write it."""

# ruff: noqa: E501 - the variants are other people's lines

from __future__ import annotations

import pytest
from ansible.module_utils.frontend_refresh import refresh_sets_both
from ansible.module_utils.frontend_syntax import Code, NotApplicable
from source_variants import Variant, check, in_store, table, variant


def refresh(statements: str, refused: str = "", name: str = "refreshAccessToken") -> Variant:
    """Put marked statements into the refresh of a store."""
    lines = statements.strip("\n").split("\n")
    shift = min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
    body = "\n".join(
        f"{line[shift:][:2]}  {line[shift:][2:]}" if line[shift:][:2] in ("- ", "+ ") else f"  {line[shift:]}"
        for line in lines
    ).rstrip()
    return in_store(f"{name}: async () => {{\n{body}\n}},", refused=refused)


VARIANTS = {
    "as in the guide": refresh("""
        const data = await response.json();
        set({
          token: data.data?.access || data.access,
        +   refreshToken: data.data?.refresh || data.refresh || get().refreshToken,
        });
    """),
    "on one line": refresh("""
        const data = await response.json();
        - set({ token: data.access });
        + set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
    """),
    "without a last comma": refresh("""
        const data = await response.json();
        set({
          isAuthenticated: true,
        -   token: data.data?.access || data.access
        +   token: data.data?.access || data.access,
        +   refreshToken: data.data?.refresh || data.refresh || get().refreshToken
        })
    """),
    "both, as the guide ends": refresh("""
        set({
          token: data.data?.access || data.access,
        -   refreshToken: data.data?.refresh || data.refresh // NEW: update refresh token too
        +   refreshToken: data.data?.refresh || data.refresh || get().refreshToken // NEW: update refresh token too
        });
    """),
    "both, and the current one kept": refresh("""
        const current = get().refreshToken;
        set({ token: data.data?.access || data.access, refreshToken: data.data?.refresh || data.refresh || current });
    """),
    "nullish": refresh("""
        - set({ token: data.data?.access ?? data.access });
        + set({ token: data.data?.access ?? data.access, refreshToken: data.data?.refresh ?? data.refresh ?? get().refreshToken });
    """),
    "axios": refresh("""
        const { data } = await axios.post('/auth/refresh/', { refresh: get().refreshToken });
        - set({ token: data.access });
        + set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
    """),
    "a name first": refresh("""
        const newToken = data.data?.access || data.access;
        - set({ token: newToken, isAuthenticated: true });
        + set({ token: newToken, refreshToken: data.data?.refresh || data.refresh || get().refreshToken, isAuthenticated: true });
    """),
    "destructured": refresh("""
        - const { access } = await response.json();
        + const { access, refresh } = await response.json();
        - set({ token: access });
        + set({ token: access, refreshToken: refresh || get().refreshToken });
    """),
    "destructured under another name": refresh("""
        const refresh = get().refreshToken;
        - const { access: newToken } = await post({ refresh });
        + const { access: newToken, refresh: newRefreshToken } = await post({ refresh });
        - set({ token: newToken });
        + set({ token: newToken, refreshToken: newRefreshToken || get().refreshToken });
    """),
    "destructured with both": refresh("""
        const { access, refresh: rotated } = await response.json();
        - set({ token: access });
        + set({ token: access, refreshToken: rotated || get().refreshToken });
    """),
    "from inside": refresh("""
        - const { data: { access } } = await response.json();
        + const { data: { access, refresh } } = await response.json();
        - set({ token: access });
        + set({ token: access, refreshToken: refresh || get().refreshToken });
    """),
    "a function": refresh("""
        - set((state) => ({ ...state, token: data.access }));
        + set((state) => ({ ...state, token: data.access, refreshToken: data.refresh || state.refreshToken }));
    """),
    "immer": refresh("""
        set((state) => {
          state.token = data.data?.access || data.access;
        +   state.refreshToken = data.data?.refresh || data.refresh || state.refreshToken;
        });
    """),
    "immer, without semicolons": refresh("""
        set((draft) => {
          draft.token = data.access
        +   draft.refreshToken = data.refresh || draft.refreshToken
        })
    """),
    "immer's produce": variant("""
        import { create } from 'zustand';
        import { produce } from 'immer';
        export const useAuthStore = create((set, get) => ({
          token: null,
          refreshToken: null,
          refreshAccessToken: async () => {
            const data = await post(get().refreshToken);
            set(produce((state) => {
              state.token = data.access;
        +       state.refreshToken = data.refresh || state.refreshToken;
            }));
          },
        }));
    """),
    "the names of OAuth": refresh("""
        - set({ token: data.access_token });
        + set({ token: data.access_token, refreshToken: data.refresh_token || get().refreshToken });
    """),
    "brackets": refresh("""
        - set({ token: data['access'] });
        + set({ token: data['access'], refreshToken: data['refresh'] || get().refreshToken });
    """),
    "an assertion": refresh("""
        - set({ token: data.access as string });
        + set({ token: data.access as string, refreshToken: data.refresh || get().refreshToken });
    """),
    "the same one again": refresh("""
        const refresh = get().refreshToken;
        - set({ token: data.access, refreshToken: refresh });
        + set({ token: data.access, refreshToken: data.refresh || refresh });
    """),
    "a name that has no fallback": refresh("""
        const rotated = data.data?.refresh || data.refresh;
        - set({ token: data.access, refreshToken: rotated });
        + set({ token: data.access, refreshToken: rotated || get().refreshToken });
    """),
    "a shorthand": refresh("""
        const { access: token, refresh: refreshToken } = await response.json();
        - set({ token, refreshToken });
        + set({ token, refreshToken: refreshToken || get().refreshToken });
    """),
    "only where the answer has it": refresh("""
        set({ token: data.access, ...(data.refresh && { refreshToken: data.refresh }) });
    """),
    "null as the last resort": refresh("""
        - set({ token: data.access || null });
        + set({ token: data.access || null, refreshToken: data.refresh || get().refreshToken });
    """),
    "a null for the refresh token": refresh("""
        - set({ token: data.access, refreshToken: data.refresh ?? null });
        + set({ token: data.access, refreshToken: data.refresh ?? get().refreshToken });
    """),
    "a login is not a refresh": in_store("""
        login: async (email, password) => {
          const data = await post('/auth/login/', { email, password });
          set({ token: data.access, refreshToken: data.refresh });
        },
        refresh: async () => {
          const data = await post('/auth/refresh/', get().refreshToken);
        -   set({ token: data.access });
        +   set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
        },
    """),
    "a logout in it": refresh("""
        try {
          const data = await post(get().refreshToken);
        -   set({ token: data.access });
        +   set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
        } catch (error) {
          set({ token: null, refreshToken: null });
        }
    """),
    "without get": variant("""
        import { create } from 'zustand';
        - export const useAuthStore = create<AuthState>((set) => ({
        + export const useAuthStore = create<AuthState>((set, get) => ({
          token: null,
          refreshToken: null,
          refresh: async (refresh: string) => {
            const data = await post(refresh);
        -     set({ token: data.access });
        +     set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
          },
        }));
    """),
    "a parameter without parentheses": variant("""
        import { create } from 'zustand';
        - export const useAuthStore = create(set => ({
        + export const useAuthStore = create((set, get) => ({
          token: null,
          refreshToken: null,
        -   refresh: async (refresh) => set({ token: (data => data)(refresh), access: data.access }),
        +   refresh: async (refresh) => set({ token: (data => data)(refresh), access: data.access, refreshToken: data.refresh || get().refreshToken }),
        }));
    """),
    "outside the store": variant("""
        import { create } from 'zustand';
        export const useAuthStore = create(() => ({ token: null, refreshToken: null }));
        export async function refreshTokens() {
          const data = await post(useAuthStore.getState().refreshToken);
        -   useAuthStore.setState({ token: data.access });
        +   useAuthStore.setState({ token: data.access, refreshToken: data.refresh || useAuthStore.getState().refreshToken });
        }
    """),
    "a slice": variant("""
        import type { StateCreator } from 'zustand';
        export const createAuthSlice: StateCreator<AuthSlice> = (update, read) => ({
          token: null,
          refreshToken: null,
          refreshSession: async () => {
            const data = await post(read().refreshToken);
        -     update({ token: data.access });
        +     update({ token: data.access, refreshToken: data.refresh || read().refreshToken });
          },
        });
    """),
    "known by its address": in_store("""
        renewal: async () => {
          const data = await post(`${API}/auth/token/refresh/`, {});
        -   set({ token: data.access });
        +   set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
        },
    """),
    "a type in this file that has it": refresh("""
        const data: { access: string; refresh?: string } = await response.json();
        - set({ token: data.access });
        + set({ token: data.access, refreshToken: data.refresh || get().refreshToken });
    """),
    "refused: a type without it": refresh(
        "const data: { access: string } = await response.json();\nset({ token: /*!*/ data.access });".replace(
            "\n", "\n        "
        ),
        "no refresh",
    ),
    "refused: read once": refresh("set({ token: (await response.json()).access }); /*!*/", "no name"),
    "refused: handed on": in_store(
        "refreshToken: async () => { /*!*/\n  get().setTokens(await post(get().refreshToken));\n},",
        refused="not clear",
    ),
    "refused: a variable": refresh(
        "let next = data.access;\n        if (!next) next = data.data.access;\n        set({ token: next }); /*!*/",
        "more than once",
    ),
    "refused: a call": refresh("set({ token: decode(data.access) }); /*!*/", "not clear"),
}


@table(VARIANTS)
def test_a_refresh_sets_both(given: Variant):
    check(refresh_sets_both, given)


def test_a_login_that_asks_for_a_refresh_first_is_no_refresh():
    login = refresh(
        """
        const response = await fetch('/api/auth/refresh/', { method: 'POST' });
        const data = await response.json();
        set({ token: data.access });
        """,
        name="login",
    )
    with pytest.raises(NotApplicable):
        refresh_sets_both(Code(login.before, False))


def test_without_a_refresh_there_is_nothing_to_do():
    with pytest.raises(NotApplicable):
        refresh_sets_both(Code(in_store().before, False))
