"""Step 7d: intervals that refresh tokens, in the ways people write them."""

# ruff: noqa: E501 - the variants are other people's lines

from __future__ import annotations

import pytest
from ansible.module_utils.frontend_interval import interval_removed
from ansible.module_utils.frontend_syntax import Code, NotApplicable
from source_variants import Variant, check, marked, table, variant

LAYOUT = """\
import { useEffect } from 'react';
import { useAuthStore } from '../store/authStore';

export function AppLayout() {
  const authState = useAuthStore((state) => state.actions);
@BODY@
  useEffect(() => authState.check(), [authState]);
  return <main />;
}
"""


def layout(body: str, refused: str = "") -> Variant:
    return variant(LAYOUT.replace("@BODY@", marked(body, 2)), refused, tsx=True)


VARIANTS = {
    "as in the guide": layout("""
        - useEffect(() => {
        -   const tokenRefreshInterval = setInterval(async () => {
        -     await authState.refreshToken();
        -   }, 720000);
        -   return () => clearInterval(tokenRefreshInterval);
        - }, [authState]);
    """),
    "with a guard and a catch": layout("""
        - useEffect(() => {
        -   if (!authState) return;
        -   // Every twelve minutes.
        -   const id = window.setInterval(() => {
        -     authState.refreshToken().catch((error) => console.error(error));
        -   }, 12 * 60 * 1000);
        -   return () => { window.clearInterval(id); };
        - }, [authState]);
    """),
    "with a try": layout("""
        - useEffect(() => {
        -   const id = setInterval(async () => {
        -     try {
        -       await useAuthStore.getState().refreshToken();
        -     } catch (error) {
        -       console.error('refresh failed', error);
        -     }
        -   }, 720000);
        -   return () => clearInterval(id);
        - }, []);
    """),
    "beside other things": layout("""
        useEffect(() => {
          window.addEventListener('online', authState.check);
        -   const id = setInterval(() => void authState.refreshToken(), 720000);
          return () => {
            window.removeEventListener('online', authState.check);
        -     clearInterval(id);
          };
        }, [authState]);
    """),
    "with a cleanup of its own": layout("""
        useEffect(() => {
          authState.start();
        -   const id = setInterval(() => authState.refreshToken(), 720000);
        -   return () => clearInterval(id);
        }, [authState]);
    """),
    "in a variable": layout("""
        - useEffect(() => {
        -   let id: NodeJS.Timeout | null = null;
        -   if (authState) {
        -     id = setInterval(() => authState.refreshToken(), 720000);
        -   }
        -   return () => {
        -     if (id) clearInterval(id);
        -   };
        - }, [authState]);
    """),
    "in a ref": layout("""
        - const timer = useRef<number | null>(null);
        - useEffect(() => {
        -   timer.current = window.setInterval(() => authState.refreshToken(), 720000);
        -   return () => {
        -     if (timer.current) {
        -       clearInterval(timer.current);
        -       timer.current = null;
        -     }
        -   };
        - }, [authState]);
    """),
    "a function of its own": layout("""
        - useEffect(() => {
        -   const tick = async () => {
        -     if (document.hidden) return;
        -     await authState.refreshToken();
        -   };
        -   const id = setInterval(tick, 720000);
        -   return () => clearInterval(id);
        - }, [authState]);
    """),
    "handed over by its name": layout("""
        - const { refreshToken } = useAuthStore();
        - useEffect(() => {
        -   const id = setInterval(refreshToken, 720000);
        -   return () => clearInterval(id);
        - }, [refreshToken]);
    """),
    "with names that only it used": variant(
        """
        - import { useEffect } from 'react';
        - import { useAuthStore } from '../store/authStore';
        - import { MINUTES, Shell } from './parts';
        + import { Shell } from './parts';
        export default function AppLayout() {
        -   const { refreshToken, user } = useAuthStore((state) => state);
        -   useEffect(() => {
        -     if (!user) return;
        -     const id = setInterval(() => { refreshToken(); }, 12 * MINUTES);
        -     return () => clearInterval(id);
        -   }, [refreshToken, user]);
          return <Shell />;
        }
        """,
        tsx=True,
    ),
    "one of two": layout("""
        useEffect(() => {
        -   const id = setInterval(() => authState.refreshToken(), 720000);
          const clock = setInterval(() => setNow(Date.now()), 1000);
          return () => {
        -     clearInterval(id);
            clearInterval(clock);
          };
        }, [authState]);
    """),
    "React.useEffect": layout("""
        - React.useEffect(() => {
        -   const id = setInterval(() => authState.refreshToken(), 720000);
        -   return () => clearInterval(id);
        - }, [authState]);
    """),
    "optional chaining": layout("""
        - useEffect(() => {
        -   const id = setInterval(() => authState?.refreshToken?.(), 720000);
        -   return () => clearInterval(id);
        - }, [authState]);
    """),
    "useInterval": layout("""
        - useInterval(() => {
        -   authState.refreshToken();
        - }, 720000);
    """),
    "never cleared": layout("""
        useEffect(() => {
          authState.start();
        -   setInterval(() => authState.refreshToken(), 720000);
        }, [authState]);
    """),
    "refused: something besides": layout(
        """
        useEffect(() => {
          const id = setInterval(() => {
            authState.refreshToken();
            loadNotifications(); /*!*/
          }, 720000);
          return () => clearInterval(id);
        }, [authState]);
        """,
        "besides",
    ),
    "refused: a timeout": layout(
        "useEffect(() => {\n  setTimeout(() => authState.refreshToken(), 720000); /*!*/\n}, []);", "timeout"
    ),
    "refused: handed on": layout(
        "useEffect(() => {\n  register(setInterval(() => authState.refreshToken(), 9)); /*!*/\n}, []);",
        "not clear",
    ),
    "refused: used elsewhere": layout(
        """
        useEffect(() => {
          const id = setInterval(() => authState.refreshToken(), 720000);
          keep(id); /*!*/
          return () => clearInterval(id);
        }, [authState]);
        """,
        "something else",
    ),
}


@table(VARIANTS)
def test_the_interval_goes_with_what_clears_it(given: Variant):
    check(interval_removed, given)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "useEffect(() => { const id = setInterval(() => refreshNotifications(), 9); return () => clearInterval(id); }, []);",
        "useEffect(() => { const id = setInterval(() => setNow(Date.now()), 9); return () => clearInterval(id); }, []);",
        "// setInterval(() => authState.refreshToken(), 720000);",
        "const setInterval = fake; setInterval(() => authState.refreshToken(), 9);",
    ],
    ids=["none", "of other data", "a clock", "commented out", "a function of that name"],
)
def test_other_intervals_stay(body: str):
    with pytest.raises(NotApplicable):
        interval_removed(Code(layout(body).before, True))
