#!/usr/bin/python
"""Reports which acknowledged rows are in a table exactly once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prober_rows_info
short_description: Report which acknowledged rows are in a table exactly once
description:
  - Compares a list of ids, which the application has acknowledged, with the rows of a table, in one read-only query.
  - A missing or duplicated row is a result; a table that cannot be read fails the module.
attributes:
  check_mode:
    support: full
    description: This module only reads and works the same in check mode.
  diff_mode:
    support: none
    description: There is nothing to compare.
  idempotent:
    support: full
    description: This module only reads.
options:
  ids:
    description: Acknowledged ids, in any order. Upper case and repeated ids are taken as one.
    type: list
    elements: str
    required: true
  table:
    description: Table of the rows, with its schema if it is not on the search path.
    type: str
    required: true
  column:
    description: Column that holds the ids.
    type: str
    required: true
  login_host:
    description: Host of PostgreSQL.
    type: str
    default: localhost
  login_port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  login_user:
    description: Role that may read the table.
    type: str
    default: postgres
  login_password:
    description: Password of that role.
    type: str
  login_db:
    description: Database of the application.
    type: str
    required: true
  ssl_mode:
    description: How TLS is used with PostgreSQL.
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: PEM file that PostgreSQL is checked against. Without it libpq's own default is used.
    type: path
requirements:
  - psycopg2
author:
  - Deployment team
"""

EXAMPLES = r"""
- name: Look for the rows that were acknowledged during the switch
  prober_rows_info:
    ids: "{{ lookup('ansible.builtin.file', '/tmp/acknowledged.txt') | split }}"
    table: order
    column: public_id
    login_host: 127.0.0.1
    login_db: shop
    login_password: "{{ vault_shop_password }}"
  register: rows

- name: Refuse lost rows
  ansible.builtin.assert:
    that: rows.missing == [] and rows.duplicated == []
"""

RETURN = r"""
checked:
  description: Number of different ids.
  returned: success
  type: int
  sample: 412
found:
  description: Number of ids that are in the table exactly once.
  returned: success
  type: int
  sample: 412
missing:
  description: Ids without a row.
  returned: success
  type: list
  elements: str
  sample: []
duplicated:
  description: Ids with more than one row.
  returned: success
  type: list
  elements: str
  sample: []
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.postgres_login import LOGIN_SPEC
from ansible.module_utils.prober_rows import RowsError, connect, normalize, read_counts, sort_rows

ARGUMENT_SPEC = {
    "ids": {"type": "list", "elements": "str", "required": True},
    "table": {"type": "str", "required": True},
    "column": {"type": "str", "required": True},
    **LOGIN_SPEC,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        ids = normalize(module.params["ids"])
        connection = connect(module.params)
        try:
            counts = read_counts(connection, ids, module.params)
        finally:
            connection.close()
    except RowsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **asdict(sort_rows(ids, counts)))


if __name__ == "__main__":
    main()
