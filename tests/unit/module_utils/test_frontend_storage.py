"""Step 7a: tokens in the browser's storage, in the ways people write them."""

# ruff: noqa: E501 - the variants are other people's lines

from __future__ import annotations

from ansible.module_utils.frontend_storage import tokens_out_of_storage
from source_variants import OPTIONS, Variant, check, in_login, in_store, table, variant

WRITES = {
    "as in the guide": in_login("""
        - localStorage.setItem('access_token', data.access);
        - localStorage.setItem('refresh_token', data.refresh);
    """),
    "double quotes, no semicolons": in_login("""
        - localStorage.setItem("access_token", data.access)
        - localStorage.setItem("refresh_token", data.refresh)
    """),
    "window": in_login("- window.localStorage.setItem('access_token', data.access);"),
    "globalThis, optional chaining": in_login(
        "- globalThis?.localStorage?.setItem('access_token', data.access);"
    ),
    "brackets": in_login("- window['localStorage']['setItem']('access_token', data.access);"),
    "a property": in_login("- localStorage.access_token = data.access;"),
    "an index": in_login("- localStorage['refresh_token'] = data.refresh;"),
    "template strings": in_login("- localStorage.setItem(`access_token`, `${data.access}`);"),
    "asserted types": in_login(
        "- (localStorage as Storage)!.setItem('access_token', data.access as string);"
    ),
    "over several lines": in_login("""
        - localStorage.setItem(
        -   'access_token',
        -   data.access,
        - );
    """),
    "with comments": in_login("""
        // Kept for later.
        - localStorage.setItem('access_token', data.access); // the short one
        /* and this one */
    """),
    "destructured setItem": in_login("""
        - const { setItem } = localStorage;
        - setItem('access_token', data.access);
        - setItem('refresh_token', data.refresh);
    """),
    "an alias of the storage": in_login("""
        - const storage = typeof window !== 'undefined' ? window.localStorage : null;
        - storage?.setItem('access_token', data.access);
    """),
    "a bound method": in_login("""
        - const save = localStorage.setItem.bind(localStorage);
        - save('access_token', data.access);
    """),
    "a constant as the key": in_login("""
        - const KEY = 'access' + '_token';
        - localStorage.setItem(KEY, data.access);
    """),
    "an alias that is used for something else": in_login("""
        const storage = localStorage;
        - storage.setItem('access_token', data.access);
        storage.setItem('theme', 'dark');
    """),
    "other keys stay": in_login("""
        localStorage.setItem('theme', 'dark');
        - localStorage.setItem('access_token', data.access);
    """),
    "under a condition": in_login("- if (data.access) localStorage.setItem('access_token', data.access);"),
    "in a block of its own": in_login("""
        - if (data.access) {
        -   localStorage.setItem('access_token', data.access);
        -   localStorage.setItem('refresh_token', data.refresh);
        - }
        notify();
    """),
    "beside something else in a block": in_login("""
        if (data.access) {
        -   localStorage.setItem('access_token', data.access);
          notify();
        }
    """),
    "with an else": in_login("""
        - if (data.access) localStorage.setItem('access_token', data.access);
        + if (data.access) {}
        else notify();
    """),
    "in the else": in_login("""
        if (!data.access) {
          notify();
        - } else {
        -   localStorage.setItem('access_token', data.access);
        - }
        + }
    """),
    "short circuit": in_login("- data.access && localStorage.setItem('access_token', data.access);"),
    "in a try": in_login("""
        - try {
        -   localStorage.setItem('access_token', data.access);
        - } catch {
        -   console.warn('no storage');
        - }
    """),
    "with names of their own": in_login("""
        - const { access: newToken, refresh } = data;
        - localStorage.setItem('access_token', newToken);
        - localStorage.setItem('refresh_token', refresh);
    """),
    "with a name that is used elsewhere": in_login("""
        - const { access: newToken, refresh } = data;
        + const { access: newToken } = data;
        - localStorage.setItem('refresh_token', refresh);
        notify(newToken);
    """),
    "two on a line": in_login("""
        - localStorage.setItem('access_token', data.access); localStorage.setItem('refresh_token', data.refresh);
    """),
    "on a line with something else": in_login("""
        - notify(); localStorage.setItem('access_token', data.access);
        + notify();
    """),
    "as a value": in_login("""
        - const done = [localStorage.setItem('access_token', data.access), notify()];
        + const done = [undefined, notify()];
        use(done);
    """),
    "void": in_login("- void localStorage.setItem('access_token', data.access);"),
    "what removes the keys stays": in_store("""
        logout: () => {
          localStorage.removeItem('access_token');
          ['access_token', 'refresh_token'].forEach((key) => localStorage.removeItem(key));
          delete localStorage.refresh_token;
          set({ token: null });
        },
    """),
    "fields of an answer are not keys": in_login("""
        const { access_token, refresh_token } = data;
        notify(data.access_token, data['refresh_token'], access_token, { refresh_token });
        form.append('refreshing', '1');
    """),
    "the word in a comment or a text": in_login("""
        // localStorage.setItem('access_token', data.access);
        notify("localStorage.setItem('access_token', x)");
    """),
    "another object of that name": variant("""
        const localStorage = makeMemory();
        export const theme = localStorage.getItem('theme');
    """),
}
MORE_WRITES = {
    "a helper of this file": variant("""
        import { create } from 'zustand';
        - const saveTokens = (access: string, refresh: string) => {
        -   localStorage.setItem('access_token', access);
        -   localStorage.setItem('refresh_token', refresh);
        - };
        export const useAuthStore = create((set) => ({
          token: null,
          login: async (email, password) => {
            const data = await post(email, password);
        -     saveTokens(data.access, data.refresh);
            set({ token: data.access });
          },
        }));
    """),
    "a function that others may call": variant("""
        export function saveTokens(access: string) {
        -   localStorage.setItem('access_token', access);
        }
    """),
    "an enum of keys": variant("""
        enum Keys { Access = 'access_token', Theme = 'theme' }
        export function save(access: string) {
        -   localStorage.setItem(Keys.Access, access);
          localStorage.setItem(Keys.Theme, 'dark');
        }
    """),
    "an object of keys": variant("""
        - const KEYS = { access: 'access_token', refresh: 'refresh_token' } as const;
        export function save(data) {
        -   localStorage.setItem(KEYS.access, data.access);
        -   localStorage.setItem(KEYS['refresh'], data.refresh);
          notify();
        }
    """),
    "the storage of the store itself": in_store(
        options="storage: createJSONStorage(() => localStorage),\n"
        + "\n".join(line[6:] for line in OPTIONS.split("\n"))
    ),
    "a storage made by hand": in_store(
        options="""
        storage: {
          getItem: (name) => JSON.parse(localStorage.getItem(name) ?? 'null'),
          setItem: (name, value) => localStorage.setItem(name, JSON.stringify(value)),
          removeItem: (name) => localStorage.removeItem(name),
        },
    """
    ),
    "an import that only they used": variant("""
        import { create } from 'zustand';
        - import { encode, decode } from './encoding';
        + import { decode } from './encoding';
        export const useAuthStore = create((set) => ({
          token: null,
          login: (access) => {
        -     localStorage.setItem('access_token', `${encode}${access}`);
            set({ token: decode(access) });
          },
        }));
    """),
}
READS = {
    "the first state": variant("""
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        export const useAuthStore = create()(persist((set) => ({
        -   token: localStorage.getItem('access_token'),
        +   token: null,
          refreshToken: null,
        }), { name: 'auth', partialize: (state) => ({ refreshToken: state.refreshToken }) }));
    """),
    "the first state with another value": variant("""
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        export const useAuthStore = create()(persist((set) => ({
        -   token: localStorage.getItem('access_token') || null,
        +   token: null,
        -   refreshToken: localStorage.getItem('refresh_token') ?? null,
        +   refreshToken: null,
        -   isAuthenticated: !!localStorage.getItem('access_token'),
        +   isAuthenticated: false,
        }), { name: 'auth', partialize: (s) => ({ refreshToken: s.refreshToken, isAuthenticated: s.isAuthenticated }) }));
    """),
    "in an action": in_store("""
        refresh: async () => {
        -   const refresh = localStorage.getItem('refresh_token');
        +   const refresh = get().refreshToken;
          if (!refresh) throw new Error('signed out');
          await post({ refresh });
        },
    """),
    "beside the state": in_store("""
        refresh: async () => {
        -   const refresh = get().refreshToken || localStorage.getItem('refresh_token');
        +   const refresh = get().refreshToken;
          await post({ refresh });
        },
    """),
    "in a header": in_store("""
        me: async () => {
        -   await fetch('/me', { headers: { Authorization: `Bearer ${localStorage.getItem('access_token')}` } });
        +   await fetch('/me', { headers: { Authorization: `Bearer ${get().token}` } });
        },
    """),
    "in a logout that clears up": in_store("""
        logout: () => {
        -   const refresh = localStorage.getItem('refresh_token');
        +   const refresh = get().refreshToken;
          if (refresh) void post({ refresh });
          localStorage.removeItem('refresh_token');
          set({ token: null, refreshToken: null });
        },
    """),
    "outside the store": variant("""
        import { create } from 'zustand';
        export const useAuthStore = create((set) => ({ token: null, refreshToken: null }));
        export function header() {
        -   return localStorage.access_token;
        +   return useAuthStore.getState().token;
        }
    """),
    "a migration in an action": in_store("""
        start: () => {
          const legacy = localStorage.getItem('refresh_token');
          if (legacy && !get().refreshToken) set({ refreshToken: legacy });
          localStorage.removeItem('access_token');
          localStorage.removeItem('refresh_token');
        },
    """),
    "a migration of the file": variant("""
        import { create } from 'zustand';
        export const useAuthStore = create((set) => ({ token: null, refreshToken: null }));
        const legacy = localStorage.getItem('refresh_token');
        if (legacy) {
          useAuthStore.setState({ refreshToken: legacy });
          localStorage.removeItem('refresh_token');
        }
    """),
}
REFUSED = {
    "a value with an effect": in_login(
        "localStorage.setItem('access_token', await /*!*/ fetchToken());", "does more"
    ),
    "a key from elsewhere": variant(
        "import { ACCESS_KEY } from './keys';\nexport const save = (token) => localStorage.setItem(ACCESS_KEY, /*!*/ token);",
        "which key",
    ),
    "keys of a list": in_login(
        "['access_token', 'theme'].forEach((k) => localStorage.setItem(k, /*!*/ data[k]));", "others"
    ),
    "a helper that takes the key": variant(
        "const save = (key, value) => localStorage.setItem(key, value);\n"
        "export const done = (access) => save('access_token', /*!*/ access);",
        "not clear",
    ),
    "a library for cookies": in_login("Cookies.set('access_token', /*!*/ data.access);", "not clear"),
    "sessionStorage": in_login(
        "sessionStorage.setItem('access_token', /*!*/ data.access);", "sessionStorage"
    ),
    "another key": in_login("localStorage.setItem('accessToken', /*!*/ data.access);", "another key"),
    "a wrapped storage": variant(
        "const localStorage = makeSafe();\nlocalStorage.setItem('access_token', /*!*/ token);", "not clear"
    ),
    "assigned as a whole": in_login(
        "Object.assign(localStorage, /*!*/ { access_token: data.access });", "handed to"
    ),
    "changed in place": in_login("localStorage.access_token += /*!*/ data.access;", "in place"),
    "the access token decides": in_store(
        """
        check: () => {
          const token = localStorage.getItem('access_token'); /*!*/
          if (!token) set({ isAuthenticated: false });
        },
        """,
        refused="decides",
    ),
    "a state that is had from the key alone": variant(
        """
        import { create } from 'zustand';
        export const useAuthStore = create((set) => ({
          token: null,
          refreshToken: localStorage.getItem('refresh_token'), /*!*/
        }));
        """,
        "logged out",
    ),
    "a parsed token": variant(
        """
        import { create } from 'zustand';
        import { persist } from 'zustand/middleware';
        export const useAuthStore = create()(persist((set) => ({
          token: JSON.parse(localStorage.getItem('access_token')), /*!*/
        }), { name: 'auth', partialize: (state) => ({}) }));
        """,
        "not clear",
    ),
    "while the store is loaded": in_store(
        options="""
        onRehydrateStorage: () => (state) => {
          if (state) state.token = localStorage.getItem('access_token'); /*!*/
        },
        """,
        refused="migration",
    ),
    "a key that is taken out and put back": in_store(
        """
        tidy: () => {
          const raw = localStorage.getItem('access_token');
          localStorage.removeItem('access_token');
          if (raw) set({ token: raw });
          localStorage.setItem('access_token', /*!*/ 'moved');
        },
        """,
        refused="both removed and written",
    ),
    "by apply": in_login(
        "localStorage.setItem.apply(localStorage, /*!*/ ['access_token', data.access]);", "which key"
    ),
}


@table(WRITES | MORE_WRITES)
def test_writes_go(given: Variant):
    check(tokens_out_of_storage, given)


@table(READS)
def test_reads_ask_the_state(given: Variant):
    check(tokens_out_of_storage, given)


@table(REFUSED)
def test_the_rest_is_for_a_person(given: Variant):
    check(tokens_out_of_storage, given)
