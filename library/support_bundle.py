#!/usr/bin/python
"""Ansible module; what is taken out of a text is in ansible.module_utils.redaction."""

from __future__ import annotations

DOCUMENTATION = r"""
module: support_bundle
short_description: Write texts into an archive, without secrets and tokens
description:
  - Takes known secrets out of every text, and whatever looks like one, such as a JSON Web Token, a cookie, a private
    key or a value whose name says so.
  - The archive is written whole or not at all, for its owner alone.
options:
  path:
    description: The archive, C(.tar.gz).
    type: path
    required: true
  entries:
    description: Texts by the names of their files in the archive.
    type: dict
    required: true
  secrets:
    description: Secrets that are known.
    type: list
    elements: str
    default: []
  names:
    description: What else a value is called that must not be told, such as a session cookie.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: In check mode nothing is written.
author: Deployment team
"""

EXAMPLES = r"""
- name: Write a support bundle
  support_bundle:
    path: /srv/reports/bundle.tar.gz
    entries: {logs/web.txt: "{{ log.stdout }}"}
    secrets: ["{{ vault_password }}"]
  delegate_to: localhost
  no_log: true
"""

RETURN = r"""
file:
  description: The archive.
  returned: success
  type: str
files:
  description: Names of the files in it.
  returned: success
  type: list
  elements: str
"""

import io
import os
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.redaction import redacted

ARGUMENT_SPEC = dict(
    path=dict(type="path", required=True),
    entries=dict(type="dict", required=True),
    secrets=dict(type="list", elements="str", default=[], no_log=True),
    names=dict(type="list", elements="str", default=[]),
)


def write(path: str, texts: dict[str, str]) -> None:
    """Write an archive in one rename; its folder is named as it is."""
    folder = os.path.basename(path).removesuffix(".tar.gz")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), prefix=".bundle-", delete=False) as handle:
        try:
            with tarfile.open(fileobj=handle, mode="w:gz") as archive:
                for name, text in sorted(texts.items()):
                    content = text.encode(errors="replace")
                    entry = tarfile.TarInfo(f"{folder}/{name}")
                    entry.size, entry.mode = len(content), 0o600
                    archive.addfile(entry, io.BytesIO(content))
            os.replace(handle.name, path)
        except BaseException:
            os.unlink(handle.name)
            raise


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    texts = {
        redacted(name, params["secrets"], params["names"]): redacted(
            str(text), params["secrets"], params["names"]
        )
        for name, text in params["entries"].items()
    }
    try:
        if not module.check_mode:
            write(params["path"], texts)
    except OSError as error:
        module.fail_json(msg=f"the support bundle {params['path']} cannot be written: {error}")
    module.exit_json(changed=True, file=params["path"], files=sorted(texts))


if __name__ == "__main__":
    main()
