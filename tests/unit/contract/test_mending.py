"""What the doctor does to a database is what a deploy does to it."""

from __future__ import annotations

from collections.abc import Iterator

from project_files import ROOT, imports_of, load, tasks_of

TASKS = ROOT / "playbooks" / "tasks"


def test_migrations_that_are_turned_off_are_not_looked_at():
    [wanted] = [when for what, when in imports_of(TASKS / "deploy.yml") if what == "migration:main"]
    assert ("migration:look", wanted) in imports_of(TASKS / "look_at_release.yml")


def test_a_database_is_backed_up_before_it_is_mended():
    order = [what for what, _ in imports_of(TASKS / "mend_migrations.yml")]
    assert order == ["migration:plan", "back_up.yml", "release:journal", "migration:main", "release:journal"]


def test_no_tasks_have_the_name_of_a_playbook():
    """Tasks that are included by included ones are looked for beside the playbook first."""
    included = {path.name for path in TASKS.glob("*.yml") if any(included_by(path.name))}
    assert included & {path.name for path in (ROOT / "playbooks").glob("*.yml")} == set()


def included_by(file: str) -> Iterator[str]:
    """Files of tasks that include or import another by its bare name."""
    for path in TASKS.glob("*.yml"):
        for task in tasks_of(load(path)):
            if file in (task.get("ansible.builtin.import_tasks"), task.get("ansible.builtin.include_tasks")):
                yield path.name
