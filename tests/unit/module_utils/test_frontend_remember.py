"""Step 8 in the store: the login's parameters, its request and its type."""

from __future__ import annotations

from ansible.module_utils.frontend_remember import Login, login_remembers
from ansible.module_utils.frontend_syntax import Code, Edit
from source_variants import Variant, check, in_store, table, variant


def store_edits(code: Code) -> list[Edit]:
    edits, _ = login_remembers(code)
    return edits


def untyped(login: str, refused: str = "") -> Variant:
    """Put a marked login into a store without a type."""
    given = in_store(login, refused=refused)
    return Variant(*(text.replace("<AuthState>", "") for text in (given.before, given.after)), given.refused)


VARIANTS = {
    "as in the guide": untyped("""
        - login: async (email: string, password: string) => {
        + login: async (email: string, password: string, rememberMe = false) => {
          const response = await fetch(url, {
            method: 'POST',
        -     body: JSON.stringify({ email, password }),
        +     body: JSON.stringify({ email, password, remember_me: rememberMe }),
          });
        },
    """),
    "over several lines": untyped("""
        login: async (
          email: string,
        -   password: string
        +   password: string,
        +   rememberMe = false
        ) => {
          await post('/auth/login/', {
            email,
            password,
        +     remember_me: rememberMe,
          });
        },
    """),
    "a method": untyped("""
        - async login(email, password) {
        + async login(email, password, rememberMe = false) {
        -   await axios.post('/auth/login/', { username: email, password: password });
        +   await axios.post('/auth/login/', { username: email, password: password, remember_me: rememberMe });
        },
    """),
    "a function": untyped("""
        - login: async function (email, password) {
        + login: async function (email, password, rememberMe = false) {
        -   await post({ email: email.trim(), password });
        +   await post({ email: email.trim(), password, remember_me: rememberMe });
        },
    """),
    "a constant for the body": untyped("""
        - login: async (email, password) => {
        + login: async (email, password, rememberMe = false) => {
        -   const body = { email, password };
        +   const body = { email, password, remember_me: rememberMe };
          await post(JSON.stringify(body));
        },
    """),
    "half edited: the parameter": untyped("""
        login: async (email: string, password: string, rememberMe = false) => {
        -   await post({ email, password });
        +   await post({ email, password, remember_me: rememberMe });
        },
    """),
    "edited": untyped("""
        login: async (email, password, remember = false) => {
          await post({ email, password, remember_me: remember });
        },
    """),
    "one parameter with names": untyped("""
        - login: async ({ email, password }) => {
        + login: async ({ email, password, rememberMe = false }) => {
        -   await post({ email, password });
        +   await post({ email, password, remember_me: rememberMe });
        },
    """),
    "one parameter with names and a type": variant("""
        import { create } from 'zustand';
        interface Credentials {
          email: string;
          password: string;
        +   rememberMe?: boolean;
        }
        interface AuthState {
          token: string | null;
          login: (credentials: Credentials) => Promise<void>;
        }
        export const useAuthStore = create<AuthState>((set) => ({
          token: null,
        -   login: async ({ email, password }: Credentials) => {
        +   login: async ({ email, password, rememberMe = false }: Credentials) => {
        -     await post({ email, password });
        +     await post({ email, password, remember_me: rememberMe });
          },
        }));
    """),
    "a type of the store": variant("""
        import { create } from 'zustand';
        type AuthState = {
          token: string | null;
        -   login: (email: string, password: string) => Promise<void>;
        +   login: (email: string, password: string, rememberMe?: boolean) => Promise<void>;
        };
        export const useAuthStore = create<AuthState>()((set) => ({
          token: null,
        -   login: async (email, password) => post({ email, password }),
        +   login: async (email, password, rememberMe = false) => post({ email, password, remember_me: rememberMe }),
        }));
    """),
    "a type with a method": variant("""
        import { create } from 'zustand';
        interface AuthState {
        -   login(email: string, password: string): Promise<void>;
        +   login(email: string, password: string, rememberMe?: boolean): Promise<void>;
        }
        - const login = async (email: string, password: string) => {
        + const login = async (email: string, password: string, rememberMe = false) => {
        -   await post({ email, password });
        +   await post({ email, password, remember_me: rememberMe });
        };
        export const useAuthStore = create<AuthState>(() => ({ login }));
    """),
    "refused: a type from elsewhere": in_store(
        "login: async (email: string, password: string) => post({ email, password }),",
        refused="declared in another file",
    ),
    "refused: no body": untyped(
        "login: async (email, password) => authApi.login(email, password), /*!*/", "not clear"
    ),
    "refused: a form": untyped(
        "login: async (email, password) => post(new URLSearchParams({ email, password })), /*!*/", "a form"
    ),
    "refused: something else is third": untyped(
        "login: async (email, password, otp) => post({ email, password, otp }), /*!*/", "something else"
    ),
    "refused: always": untyped(
        "login: async (email, password) => post({ email, password, remember_me: true }), /*!*/", "already"
    ),
    "refused: an object": untyped("login: async (credentials) => post(credentials), /*!*/", "does not take"),
    "refused: no login": untyped("enter: async (email, password) => post({ email, password }),", "logs in"),
}


@table(VARIANTS)
def test_the_login_hands_the_choice_on(given: Variant):
    check(store_edits, given)


def test_the_form_is_told_how_to_call_it():
    given = VARIANTS["one parameter with names"].before
    assert login_remembers(Code(given, False))[1] == Login("useAuthStore", "login", True)
