"""Step 8 in the form: the state, the checkbox and the call, in the ways people write forms."""

# ruff: noqa: E501 - the variants are other people's lines

from __future__ import annotations

from ansible.module_utils.frontend_login_form import form_remembers
from ansible.module_utils.frontend_remember import Login
from source_variants import Variant, check, table, variant

LOGIN = Login("useAuthStore", "login", False)
BOX = """\
+ @<label className="flex items-center gap-2">
+ @  <input
+ @    type="checkbox"
+ @    checked={rememberMe}
+ @    onChange={(e) => setRememberMe(e.target.checked)}
+ @    className="form-checkbox"
+ @  />
+ @  <span>Keep me logged in for 20 days</span>
+ @</label>"""
INLINE = (
    '<label className="flex items-center gap-2"><input type="checkbox" checked={rememberMe}'
    ' onChange={(e) => setRememberMe(e.target.checked)} className="form-checkbox" />'
    "<span>Keep me logged in for 20 days</span></label>"
)
IMPORTS = "import { useState } from 'react';\nimport { useAuthStore } from '../store/authStore';\n"
STATES = """\
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
+   const [rememberMe, setRememberMe] = useState(false);"""
CALL = """\
- @await login(email, password);
+ @await login(email, password, rememberMe);"""


def form(text: str, refused: str = "") -> Variant:
    """Read a marked form, with what comes in all forms written short."""
    lines = []
    for line in text.strip("\n").split("\n"):
        indent = line[: len(line) - len(line.lstrip(" "))]
        for name, block in (("#BOX", BOX), ("#CALL", CALL)):
            if line.strip() == name:
                line = block.replace("@", indent)
        lines.append(
            line.replace("#STATES", STATES)
            .replace("#IMPORTS\n", IMPORTS)
            .replace("#IMPORTS", IMPORTS.rstrip())
        )
    return variant("\n".join(lines), refused, tsx=True)


VARIANTS = {
    "as in the guide": form("""
#IMPORTS
export default function SignIn() {
  const { login } = useAuthStore();
#STATES
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    #CALL
  };
  return (
    <form onSubmit={submit}>
      <input type="email" value={email} onChange={(e) => setEmail(e.target.value)} />
      <input type="password" value={password} onChange={(e) => setPassword(e.target.value)} />
      #BOX
      <button type="submit">Sign in</button>
    </form>
  );
}
"""),
    "a button of one's own, and an action by selector": form("""
#IMPORTS
export const SignIn = () => {
  const signIn = useAuthStore((state) => state.login);
#STATES
  const submit = () => {
-     void signIn(email, password);
+     void signIn(email, password, rememberMe);
  };
  return (
    <Card>
      <Form onSubmit={submit}>
        <Input name="password" />
        <div className="row">
          #BOX
          <Button type={'submit'} size="sm">Sign in</Button>
        </div>
      </Form>
    </Card>
  );
};
"""),
    "a button under a condition": form("""
#IMPORTS
function SignIn() {
  const login = useAuthStore((s) => s.actions.login);
#STATES
  return (
    <form onSubmit={async () => {
      #CALL
    }}>
      #BOX
      {busy ? <Spinner /> : <button type="submit">Sign in</button>}
    </form>
  );
}
"""),
    "two buttons of which one shows": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore((s) => s.actions);
#STATES
  const submit = async () => {
    #CALL
  };
  return (
    <form onSubmit={submit}>
      #BOX
      {busy ? (
        <button type="submit" disabled>…</button>
      ) : (
        <button type="submit">Sign in</button>
      )}
    </form>
  );
}
"""),
    "a button that is no submit": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
#STATES
  const handleLogin = async () => {
    #CALL
  };
  return (
    <View>
      <Other onPress={other} />
      #BOX
      <Touchable onPress={handleLogin} />
    </View>
  );
}
"""),
    "a native button without a type": form(
        """
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
#STATES
  return (
    <form onSubmit={() => login(email, password)}>
      <input type="password" />
      #BOX
      <button>Sign in</button>
    </form>
  );
}
""".replace(
            "    <form onSubmit={() => login(email, password)}>",
            "-     <form onSubmit={() => login(email, password)}>\n+     <form onSubmit={() => login(email, password, rememberMe)}>",
        )
    ),
    "on one line": form(f"""
#IMPORTS
function SignIn() {{
  const {{ login }} = useAuthStore();
#STATES
  const submit = async () => {{
    #CALL
  }};
-   return <form onSubmit={{submit}}><input type="password" /><button type="submit">Go</button></form>;
+   return <form onSubmit={{submit}}><input type="password" />{INLINE}<button type="submit">Go</button></form>;
}}
"""),
    "no button in sight": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
#STATES
  const submit = async () => {
    #CALL
  };
  return (
    <AuthCard onSubmit={submit} submitLabel="Sign in" footer={<button type="submit">Other</button>}>
      <Field type="email" name="email" />
      <div className="field">
        <label>Password</label>
        <Field type="password" name="password" />
      </div>
      #BOX
    </AuthCard>
  );
}
"""),
    "a field that can be shown": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const [show, setShow] = useState(false);
#STATES
  const submit = async () => {
    #CALL
  };
  return (
    <AuthCard onSubmit={submit}>
      <Input type="email" />
      <Input type={show ? 'text' : 'password'} />
      #BOX
    </AuthCard>
  );
}
"""),
    "react-hook-form": form("""
- import { useForm } from 'react-hook-form';
+ import { useState } from 'react';
+ import { useForm } from 'react-hook-form';
import { useAuthStore } from '../store/authStore';
function SignIn() {
+   const [rememberMe, setRememberMe] = useState(false);
  const { login } = useAuthStore();
  const { register, handleSubmit } = useForm<Values>();
-   const submit = handleSubmit((values) => login(values.email, values.password));
+   const submit = handleSubmit((values) => login(values.email, values.password, rememberMe));
  return (
    <form onSubmit={submit}>
      <input {...register('password')} type="password" />
      #BOX
      <button type="submit">Sign in</button>
    </form>
  );
}
"""),
    "Formik": form("""
- import { useEffect } from 'react';
+ import { useEffect, useState } from 'react';
import { useAuthStore } from '../store/authStore';
export default function SignIn() {
+   const [rememberMe, setRememberMe] = useState(false);
  const { login } = useAuthStore();
  return (
    <Formik
      initialValues={{ email: '', password: '' }}
      onSubmit={async (values) => {
-         await login(values.email, values.password);
+         await login(values.email, values.password, rememberMe);
      }}
    >
      {() => (
        <Form>
          <Field type="password" name="password" />
          #BOX
          <button type="submit">Sign in</button>
        </Form>
      )}
    </Formik>
  );
}
"""),
    "React.useState": form("""
import React from 'react';
import { useAuthStore } from '../store/authStore';
const SignIn: React.FC = () => {
  const store = useAuthStore();
  const [password, setPassword] = React.useState('')
+   const [rememberMe, setRememberMe] = React.useState(false)
  const submit = async () => {
-     await store.login(email, password)
+     await store.login(email, password, rememberMe)
  }
  return (
    <form onSubmit={submit}>
      #BOX
      <button type="submit">Go</button>
    </form>
  )
}
"""),
    "useCallback": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
#STATES
  const submit = useCallback(async () => {
    #CALL
-   }, [email, password, login]);
+   }, [email, password, login, rememberMe]);
  return (
    <form onSubmit={submit}>
      #BOX
      <button type="submit">Go</button>
    </form>
  );
}
"""),
    "useMutation": form("""
#IMPORTS
function SignIn() {
#STATES
-   const mutation = useMutation({ mutationFn: () => useAuthStore.getState().login(email, password) });
+   const mutation = useMutation({ mutationFn: () => useAuthStore.getState().login(email, password, rememberMe) });
  return (
    <form onSubmit={() => mutation.mutate()}>
      #BOX
      <button type="submit">Go</button>
    </form>
  );
}
"""),
    "a checkbox that nothing reads yet": form("""
#IMPORTS
function SignInForm() {
  const { login } = useAuthStore();
  const [isChecked, setIsChecked] = useState(false);
  const submit = async () => {
-     await login(email, password);
+     await login(email, password, isChecked);
  };
  return (
    <form onSubmit={submit}>
      <div className="flex items-center gap-3">
        <Checkbox checked={isChecked} onChange={setIsChecked} />
        <span className="block">Keep me logged in</span>
      </div>
      <Button type="submit">Sign in</Button>
    </form>
  );
}
"""),
    "half edited: the state": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const [rememberMe, setRememberMe] = useState(false);
  const submit = async () => {
    #CALL
  };
  return (
    <form onSubmit={submit}>
      #BOX
      <button type="submit">Sign in</button>
    </form>
  );
}
"""),
    "half edited: a constant": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const [remember, setRemember] = useState(true);
-   const submit = () => login(email, password, false);
+   const submit = () => login(email, password, remember);
  return (
    <form onSubmit={submit}>
      <input type="checkbox" checked={remember} onChange={(e) => setRemember(e.target.checked)} />
      <button type="submit">Sign in</button>
    </form>
  );
}
"""),
    "edited": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const [rememberMe, setRememberMe] = useState(false);
  const submit = () => login(email, password, rememberMe);
  return <form onSubmit={submit}><input type="checkbox" checked={rememberMe} onChange={(e) => setRememberMe(e.target.checked)} /></form>;
}
"""),
    "a demonstration beside it": form("""
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
#STATES
  const demo = () => login('demo@example.com', 'demo');
  const submit = async () => {
    #CALL
  };
  return (
    <form onSubmit={submit}>
      #BOX
      <button type="submit">Go</button>
      <button type="button" onClick={demo}>Demo</button>
    </form>
  );
}
"""),
    "refused: a hook in between": form(
        """
import { useAuth } from '../hooks/useAuth';
function SignIn() {
  const { login } = useAuth();
  const submit = () => login(email, password); /*!*/
  return <form onSubmit={submit}><button type="submit">Go</button></form>;
}
""",
        "not clear",
    ),
    "refused: two logins": form(
        """
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const a = () => login(email, password);
  const b = () => login(email, otherPassword); /*!*/
  return <form onSubmit={a}><button type="submit">Go</button></form>;
}
""",
        "which call",
    ),
    "refused: outside the component": form(
        """
#IMPORTS
const submit = (email, password) => useAuthStore.getState().login(email, password); /*!*/
export const SignIn = () => <form onSubmit={submit}><button type="submit">Go</button></form>;
""",
        "outside the component",
    ),
    "refused: a class": form(
        """
#IMPORTS
class SignIn extends Component {
  submit() { return useAuthStore.getState().login(this.email, this.password); } /*!*/
  render() { return <form><button type="submit">Go</button></form>; }
}
""",
        "not called in a function component",
    ),
    "refused: two buttons": form(
        """
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const submit = () => login(email, password);
  return (
    <form onSubmit={submit}>
      <button type="submit">One</button>
      <button type="submit">Two</button> {/*!*/}
    </form>
  );
}
""",
        "which button",
    ),
    "refused: a checkbox of a form library": form(
        """
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const submit = (values) => login(values.email, values.password);
  return (
    <form onSubmit={handleSubmit(submit)}>
      <label><input type="checkbox" {...register('remember')} /> Remember me</label> {/*!*/}
      <button type="submit">Go</button>
    </form>
  );
}
""",
        "checkbox",
    ),
    "refused: no place for it": form(
        """
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  return <AuthForm onSubmit={(email, password) => login(email, password)} />; /*!*/
}
""",
        "neither",
    ),
    "refused: dependencies by name": form(
        """
#IMPORTS
function SignIn() {
  const { login } = useAuthStore();
  const submit = useCallback(() => login(email, password), deps); /*!*/
  return <form onSubmit={submit}><button type="submit">Go</button></form>;
}
""",
        "dependencies",
    ),
    "refused: the name is in use": form(
        """
#IMPORTS
function SignIn({ rememberMe }) { /*!*/
  const { login } = useAuthStore();
  const submit = () => login(email, password);
  return <form onSubmit={submit}><button type="submit">Go</button></form>;
}
""",
        "in use",
    ),
}


@table(VARIANTS)
def test_the_form_hands_the_choice_on(given: Variant):
    check(lambda code: form_remembers(code, LOGIN), given)
