#!/usr/bin/python
"""Count what a database would lose, get back and have changed if another one took its place."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_difference_info
short_description: Compare the rows of two PostgreSQL databases
description:
  - Compares each table of the database with the one of the same name in another database of the same server, such as
    one that was restored from a backup, each in one snapshot.
  - Rows are told apart by the primary key, or by all that they hold where there is none. Nothing is written.
options:
  other_db:
    description: Database to compare with.
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
    description: Role that may read both databases.
    type: str
    default: postgres
  login_password:
    description: Password of that role.
    type: str
  login_db:
    description: Database that would be replaced.
    type: str
    required: true
  ssl_mode:
    description: How TLS is used with PostgreSQL.
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: PEM file that the server's certificate is checked against.
    type: path
attributes:
  check_mode:
    support: full
    description: Only reads.
requirements:
  - psycopg2
author: Deployment team
"""

EXAMPLES = r"""
- name: Count what is newer than the backup
  postgres_difference_info:
    login_host: 127.0.0.1
    login_user: shop
    login_password: "{{ vault_shop_password }}"
    login_db: shop
    other_db: shop_from_backup
"""

RETURN = r"""
tables:
  description: Tables that differ, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: "Table, with its schema", type: str}
    lost: {description: Rows that only the database has, type: int}
    changed: {description: Rows that both have and that differ in a column of both, type: int}
    returned: {description: Rows that only the other database has, type: int}
    only_in: {description: "V(now) or V(other) where only one of them has the table", type: str}
    columns_lost: {description: Columns that only the database has, type: list}
    columns_returned: {description: Columns that only the other database has, type: list}
lost:
  description: Rows of all tables that only the database has.
  returned: success
  type: int
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.database_difference import DifferenceError, compare, psycopg2
from ansible.module_utils.postgres_login import LOGIN_SPEC

ARGUMENT_SPEC = {"other_db": {"type": "str", "required": True}, **LOGIN_SPEC}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if psycopg2 is None:
        module.fail_json(msg=missing_required_lib("psycopg2"))
    try:
        tables = compare(module.params, module.params["login_db"], module.params["other_db"])
    except DifferenceError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        tables=[asdict(table) for table in tables],
        lost=sum(table.lost for table in tables),
    )


if __name__ == "__main__":
    main()
