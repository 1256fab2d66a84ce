#!/usr/bin/python
"""Make the guide's edits of steps 6 to 8 in the source of a frontend."""

from __future__ import annotations

DOCUMENTATION = r"""
module: frontend_auth_source
short_description: Make the edits of the authentication fix in the source of a frontend
description:
  - Puts the new API service in place, keeps tokens out of the browser's storage, lets a refresh set both tokens,
    removes the interval that refreshed them, and adds the choice to stay logged in to the login form and to the store.
  - The source is read as TypeScript with ast-grep. What is edited is understood; whatever is not is left byte for byte
    as it is, and reported with its file, line and reason.
  - Comments, formatting, line endings and the byte order mark of what is not edited stay as they are.
  - Each step is applied whole or not at all, and all files are written, or none is.
  - Edit a copy of the source. An operator's own folder is better edited by a person who has read the differences.
options:
  path:
    description: Folder of the frontend, the one with C(src).
    type: path
    required: true
  api:
    description: The API service, by default C(src/services/api.ts), or beside the new one.
    type: str
  api_new:
    description: The new API service, by default C(src/services/api-new.ts), or the only file of that name.
    type: str
  api_backup:
    description: Name under which the old API service stays, by default C(src/services/api-old-backup.ts), or beside it.
    type: str
  auth_store:
    description:
      - The zustand store of the session, from the folder of the frontend.
      - By default C(src/store/authStore.ts), or the only file that creates a store which logs users in.
    type: str
  app_layout:
    description:
      - The component with the interval that refreshes the tokens, from the folder of the frontend.
      - By default C(src/layout/AppLayout.tsx), or the only file with such an interval.
    type: str
  login_form:
    description:
      - The component with the login form, from the folder of the frontend.
      - By default C(src/pages/SignIn.tsx), or the only file that calls the store's login.
    type: str
  skip:
    description: Steps that are not looked at.
    type: list
    elements: str
    choices: ["6", "7a", "7b", "7c", "7d", "8"]
    default: []
  strict:
    description: Fail, and write nothing, when a step needs a person.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Works everything out and writes nothing.
  diff_mode:
    support: full
    description: Shows the differences of each file that is edited, added or removed.
  idempotent:
    support: full
    description: A second run finds each step made already.
requirements: [ast-grep-py]
author: Deployment team
"""

EXAMPLES = r"""
- name: See what would be edited
  frontend_auth_source:
    path: /src/app/frontend
  check_mode: true
  diff: true
  delegate_to: localhost

- name: Edit a copy of the source, or nothing
  frontend_auth_source:
    path: /tmp/copy/frontend
    login_form: src/features/auth/LoginForm.tsx
    skip: ["7d"]
    strict: true
  delegate_to: localhost
"""

RETURN = r"""
steps:
  description:
    - What became of each step, in their order. Step 8 has an entry for each of its files.
    - With O(strict), a failure has it too.
  returned: success, or when a step needs a person
  type: list
  elements: dict
  contains:
    step:
      description: Number of the step in the guide.
      type: str
    outcome:
      description:
        - V(applied) when the step was made, or would be in check mode; V(already) when nothing was left to do.
        - V(not_applicable) when the source has nothing that the step is about.
        - V(needs_a_person) when something was not understood, so that the step was not made.
      type: str
    file:
      description: File from the folder of the frontend; empty when none was found.
      type: str
    line:
      description: Line in the file as it was before; 0 when the outcome is about the whole file.
      type: int
    reason:
      description: What was found.
      type: str
  sample:
    - {step: 7b, outcome: applied, file: src/store/authStore.ts, line: 74, reason: the access token is not persisted}
files:
  description: Files that were written or removed, or would be in check mode, from the folder of the frontend.
  returned: success
  type: list
  elements: str
elsewhere:
  description: Places in other files, as C(file:line), that read a key of the storage that is not written any more.
  returned: success
  type: list
  elements: str
"""

import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.frontend_files import FileProblem, Tree, Write, check_writable, write_all
from ansible.module_utils.frontend_source import FILES, STEPS, Frontend, refusal

try:
    import ast_grep_py  # noqa: F401
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
else:
    IMPORT_ERROR = None

ARGUMENT_SPEC = dict(
    path=dict(type="path", required=True),
    api=dict(type="str"),
    api_new=dict(type="str"),
    api_backup=dict(type="str"),
    auth_store=dict(type="str"),
    app_layout=dict(type="str"),
    login_form=dict(type="str"),
    skip=dict(type="list", elements="str", choices=list(STEPS), default=[]),
    strict=dict(type="bool", default=False),
)


def differences(tree: Tree, writes: list[Write]) -> list[dict[str, str]]:
    """Return what changes, as Ansible shows it."""
    shown = []
    for write in writes:
        before = tree.read(write.name).text if tree.exists(write.name) else ""
        after = (write.content or b"").decode("utf-8-sig")
        shown.append(
            {"before": before, "after": after, "before_header": write.name, "after_header": write.name}
        )
    return shown


def edit(module: AnsibleModule) -> dict[str, Any]:
    """Work out the steps and write what they come to; return the result."""
    params = module.params
    tree = Tree(params["path"])
    frontend = Frontend(tree, {name: params[name] for name in FILES if params[name]}, params["skip"])
    frontend.edit()
    if params["strict"] and frontend.needs_a_person():
        module.fail_json(msg=refusal(frontend), steps=frontend.steps())
    writes = frontend.writes()
    for write in writes:
        check_writable(tree, write)
    result = {
        "changed": bool(writes),
        "steps": frontend.steps(),
        "files": [write.name for write in writes],
        "elsewhere": frontend.elsewhere(),
    }
    if module._diff:
        result["diff"] = differences(tree, writes)
    if not module.check_mode:
        write_all(tree, writes)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("ast-grep-py"), exception=IMPORT_ERROR)
    try:
        done = edit(module)
    except FileProblem as problem:
        module.fail_json(msg=str(problem))
    if done["elsewhere"]:
        module.warn(f"Nothing writes these keys of the storage any more: {', '.join(done['elsewhere'])}.")
    module.exit_json(**done)


if __name__ == "__main__":
    main()
