"""Step 7b: what the store persists, in the ways people write it."""

from __future__ import annotations

import pytest
from ansible.module_utils.frontend_persist import token_not_persisted
from ansible.module_utils.frontend_syntax import Code, NotApplicable
from source_variants import STORE, Variant, check, in_store, table, variant


def persists(options: str, refused: str = "") -> Variant:
    return in_store(options=options, refused=refused)


VARIANTS = {
    "as in the guide": persists("""
        partialize: (state) => ({
          user: state.user,
        -   token: state.token,
          refreshToken: state.refreshToken,
        }),
    """),
    "on one line": persists("""
        - partialize: (s) => ({ user: s.user, token: s.token, refreshToken: s.refreshToken }),
        + partialize: (s) => ({ user: s.user, refreshToken: s.refreshToken }),
    """),
    "last, without a comma": persists("""
        - partialize: (s) => ({ user: s.user, token: s.token }),
        + partialize: (s) => ({ user: s.user }),
    """),
    "alone": persists(
        """
        - partialize: (s) => ({ token: s.token }),
        + partialize: (s) => ({}),
    """.replace("({})", "({ })")
    ),
    "with a comment": persists("""
        partialize: (state) => ({
          user: state.user, // shown at once
        -   token: state.token, // kept
          // the long one
          refreshToken: state.refreshToken,
        }),
    """),
    "a body that returns": persists("""
        partialize: (state) => {
          return {
        -     token: state.token,
            user: state.user,
          };
        },
    """),
    "a method": persists("""
        partialize(state) {
        -   return { token: state.token, user: state.user };
        +   return { user: state.user };
        },
    """),
    "a function": persists("""
        - partialize: function (state) { return { user: state.user, token: state.token }; },
        + partialize: function (state) { return { user: state.user }; },
    """),
    "a type on it": persists("""
        - partialize: (state: AuthState): Partial<AuthState> => ({ token: state.token, user: state.user }) as AuthState,
        + partialize: (state: AuthState): Partial<AuthState> => ({ user: state.user }) as AuthState,
    """),
    "under a quoted name": persists("""
        - partialize: (state) => ({ 'token': state['token'], user: state.user }),
        + partialize: (state) => ({ user: state.user }),
    """),
    "under another name": persists("""
        - partialize: (state) => ({ jwt: state.token, user: state.user }),
        + partialize: (state) => ({ user: state.user }),
    """),
    "destructured": persists("""
        - partialize: ({ user, token, refreshToken }) => ({ user, token, refreshToken }),
        + partialize: ({ user, refreshToken }) => ({ user, refreshToken }),
    """),
    "a constant first": persists("""
        partialize: (state) => {
        -   const kept = { user: state.user, token: state.token };
        +   const kept = { user: state.user };
          return kept;
        },
    """),
    "two ways out": persists("""
        partialize: (state) => {
          if (!state.isAuthenticated) return {};
        -   return { user: state.user, token: state.token };
        +   return { user: state.user };
        },
    """),
    "a choice": persists("""
        - partialize: (s) => (s.user ? { user: s.user, token: s.token } : { token: s.token }),
        + partialize: (s) => (s.user ? { user: s.user } : { }),
    """),
    "the whole state": persists("""
        - partialize: (state) => state,
        + partialize: (state) => ({ ...state, token: undefined }),
    """),
    "the whole state, spread": persists("""
        - partialize: (state) => ({ ...state, user: null }),
        + partialize: (state) => ({ ...state, user: null, token: undefined }),
    """),
    "the rest without it": persists("partialize: ({ token, ...rest }) => rest,"),
    "the rest without it, in a body": persists("""
        partialize: (state) => {
          const { token: _token, ...rest } = state;
          return { ...rest };
        },
    """),
    "taken out": persists("partialize: (state) => ({ ...state, token: undefined }),"),
    "null instead": persists("partialize: (state) => ({ token: null, user: state.user }),"),
    "pick": persists("""
        - partialize: (state) => pick(state, ['user', 'token', 'refreshToken']),
        + partialize: (state) => pick(state, ['user', 'refreshToken']),
    """),
    "omit": persists("""
        - partialize: (state) => omit(state, ["actions"]),
        + partialize: (state) => omit(state, ["actions", "token"]),
    """),
    "filtered, as in zustand's manual": persists("""
        partialize: (state) =>
        -   Object.fromEntries(Object.entries(state).filter(([key]) => !['user'].includes(key))),
        +   Object.fromEntries(Object.entries(state).filter(([key]) => !['user', 'token'].includes(key))),
    """),
    "filtered by what stays": persists("""
        partialize: (state) =>
        -   Object.fromEntries(Object.entries(state).filter(([key]) => ['user', 'token'].includes(key))),
        +   Object.fromEntries(Object.entries(state).filter(([key]) => ['user'].includes(key))),
    """),
    "nothing is chosen": persists("""
        version: 2,
        + partialize: ({ token, ...rest }) => rest,
    """),
    "no type in the way of other middleware": variant("""
        import { create } from 'zustand';
        import { devtools, persist, createJSONStorage } from 'zustand/middleware';
        import { immer } from 'zustand/middleware/immer';
        export const useAuthStore = create<AuthState>()(devtools(persist(immer((set) => ({
          token: null,
        })), {
          name: 'auth',
          storage: createJSONStorage(() => sessionStorage),
        -   partialize: (state) => ({ token: state.token, user: state.user }),
        +   partialize: (state) => ({ user: state.user }),
        })));
    """),
    "a function of its own": variant("""
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        - const partialize = (state: AuthState) => ({ token: state.token, user: state.user });
        + const partialize = (state: AuthState) => ({ user: state.user });
        export const useAuthStore = create()(persist((set) => ({ token: null }), { name: 'auth', partialize }));
    """),
    "options of their own": variant("""
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        const options = {
          name: 'auth',
        -   partialize: (state) => ({ token: state.token, user: state.user }),
        +   partialize: (state) => ({ user: state.user }),
        };
        export const useAuthStore = create()(persist((set) => ({ token: null }), options));
    """),
    "slices": variant("""
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        const createAuthSlice = (set, get) => ({ token: null, refreshToken: null });
        const createThemeSlice = (set) => ({ theme: 'dark' });
        export const useStore = create()(persist((...a) => ({ ...createAuthSlice(...a), ...createThemeSlice(...a) }), {
          name: 'app',
        -   partialize: (state) => ({ theme: state.theme, token: state.token }),
        +   partialize: (state) => ({ theme: state.theme }),
        }));
    """),
    "another field of that kind": persists("""
        - partialize: (state) => ({ accessToken: state.accessToken, tokenType: state.tokenType }),
        + partialize: (state) => ({ tokenType: state.tokenType }),
    """),
    "nested": persists("""
        - partialize: (state) => ({ session: { user: state.user, token: state.token } }),
        + partialize: (state) => ({ session: { user: state.user } }),
    """),
    "refused: made of the token": persists(
        "partialize: (s) => ({ /*!*/ secret: encrypt(s.token) }),", "made of the token"
    ),
    "refused: step by step": persists(
        """
        partialize: (state) => {
          const kept: Partial<AuthState> = {};
          kept.token = state.token; /*!*/
          return kept;
        },
        """,
        "step by step",
    ),
    "refused: from elsewhere": variant(
        """
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        import { partialize } from './partialize';
        export const useAuthStore = create()(persist((set) => ({ token: null }), { name: 'auth', partialize /*!*/ }));
        """,
        "not written in this file",
    ),
    "refused: a condition": persists(
        "partialize: (s) => ({ ...(s.keep && { token: s.token }) /*!*/ }),", "condition"
    ),
    "refused: options that are spread": persists("...shared, /*!*/", "spread"),
    "refused: the rest with it": persists("partialize: ({ user, ...rest }) => rest, /*!*/", "token in it"),
    "refused: a call": persists("partialize: (state) => choose(state), /*!*/", "not clear"),
    "refused: pick of other names": persists("partialize: (state) => pick(state, NAMES), /*!*/", "not clear"),
    "refused: a spread after": persists(
        "partialize: (s) => ({ token: undefined, ...s /*!*/ }),", "token in it"
    ),
    "refused: a type of the whole": variant(
        """
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        export const useAuthStore = create()(persist<AuthState>((set) => ({ token: null }), { name: 'auth' })); /*!*/
        """,
        "type",
    ),
}


@table(VARIANTS)
def test_the_token_is_not_persisted(given: Variant):
    check(token_not_persisted, given)


@pytest.mark.parametrize(
    "text",
    [
        "import { create } from 'zustand';\nexport const useAuthStore = create((set) => ({ token: null }));\n",
        STORE.replace("      token: null,\n", "").replace("@ACTIONS@", "").replace("@OPTIONS@", ""),
    ],
    ids=["nothing is persisted", "another store"],
)
def test_without_a_persisted_token_there_is_nothing_to_do(text: str):
    with pytest.raises(NotApplicable):
        token_not_persisted(Code(text, False))
