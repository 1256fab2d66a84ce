"""The search for secrets finds each that is there, in every form and place; else that it finds none says nothing."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import os
import re
import shlex
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml
from project_files import ROOT

sys.path.append(str(ROOT / "tests/infra"))

import leak_search
from leak_search import Processes, Search, Sessions, files, forms, unfolded, unpacked
from leak_watch import HERE, begin, end

#: Of all characters that anything writes in another way, and without a stem that would be found whatever is around it.
WILD = "a\"b\\c$d'e<f>&g+h/i%j#k é"


@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: json.dumps(json.dumps({"a": text})),
        lambda text: re.sub(
            "[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
        ),
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        shlex.quote,
        lambda text: text.replace("'", "'\\''"),
        lambda text: re.sub(r'([\\"$`])', r"\\\1", text),
        html.escape,
        lambda text: html.escape(text, quote=False),
    ],
)
def test_each_form_is_found(write: Callable[[str], str]):
    search = Search({"key": WILD, "other": "never-written-anywhere"})
    assert search.names(f"x{write(WILD)}y".encode()) == {"key"}


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_base64_is_found_at_each_place(before: str, encode: Callable[[bytes], bytes]):
    assert Search({"key": WILD}).names(encode(f"{before}{WILD}:and more".encode())) == {"key"}


def test_what_is_distinctive_of_a_secret_is_enough():
    search = Search({"key": 'sandbox-key-0f4c2f"\\$'})
    assert search.names(b"cut off: sandbox-key-0f4c2f...") == {"key"}
    assert search.names(b"sandbox-keys") == set()


def test_forms_are_long_enough_to_be_no_accident():
    assert min(map(len, forms("k3y-0f4c2f"))) >= 10


def test_tokens_are_looked_for_as_they_are():
    search = Search({}, {"access": "eyJh.eyJz.c2ln", "cookie": "c" * 32})
    assert search.names(b"Bearer eyJh.eyJz.c2ln; eyJ") == {"access"}
    assert search.names(b"sessionid=" + b"c" * 32) == {"cookie"}


def packed(name: str, content: bytes) -> bytes:
    """A tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda content: packed("a", content),
        lambda content: gzip.compress(packed("folder/a", content)),
        lambda content: packed(content.decode(), b""),
        lambda content: zipped("a", content),
        lambda content: zipped(content.decode(), b""),
        lambda content: zipped("a", gzip.compress(content)),
    ],
    ids=["gz", "bz2", "xz", "tar", "tar.gz", "name in a tar", "zip", "name in a zip", "gz in a zip"],
)
def test_what_is_packed_is_unpacked(pack: Callable[[bytes], bytes]):
    assert Search({"key": "k3y-0f4c2f"}).names(pack(b"k3y-0f4c2f")) == {"key"}


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8b\x08" + bytes(20), b"PK\x03\x04..", b"BZh", b""])
def test_what_only_looks_packed_is_left(content: bytes):
    assert b"".join(unpacked(content)) == b""


def test_files_are_searched_and_those_of_secrets_spared(tmp_path: Path):
    for name in ("a/leak.txt", "a/secrets/key", "b/clean.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("k3y-0f4c2f" if name != "b/clean.txt" else "")
    (tmp_path / "b/named-k3y-0f4c2f").touch()
    (tmp_path / "b/link").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "b/pipe")
    search = Search({"key": "k3y-0f4c2f"})
    assert search.files([str(tmp_path), str(tmp_path / "nowhere")], "/secrets/") == {
        f"key in {tmp_path}/a/leak.txt",
        f"key in the name of a file in {tmp_path}/b",
    }
    assert [path for path in files([str(tmp_path)]) if "secrets" in path] == [f"{tmp_path}/a/secrets/key"]


def test_the_same_content_is_told_of_in_each_place(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("k3y-0f4c2f")
    assert len(Search({"key": "k3y-0f4c2f"}).files([str(tmp_path)])) == 2


def test_commands_are_searched_in_what_they_print_and_complain_of():
    search = Search({"key": "k3y-0f4c2f"})
    found = search.commands({"one": "echo k3y-0f4c2f >&2", "two": "echo nothing"})
    assert found == {"key in one"}
    with pytest.raises(subprocess.CalledProcessError):
        search.commands({"three": "false; echo"})


@pytest.mark.parametrize("width", range(10, 40))
def test_what_is_folded_is_unfolded(width: int):
    secret = WILD.partition(" ")[0]
    printed = yaml.safe_dump({"msg": f"before {secret} after"}, default_style='"', width=width)
    assert Search({"key": secret}).names(unfolded(printed).encode()) == {"key"}
    assert Search({"key": secret}).names(unfolded(" ".join(printed.split())).encode()) == {"key"}


def process(folder: Path, number: int, arguments: str, environment: str) -> None:
    """A process as /proc shows it."""
    (folder / str(number)).mkdir(exist_ok=True)
    (folder / str(number) / "cmdline").write_text(arguments.replace(" ", "\0"))
    (folder / str(number) / "environ").write_text(environment)


def test_a_process_is_looked_at_again_once_it_is_another_program(tmp_path: Path):
    (tmp_path / "self").mkdir()
    process(tmp_path, 7, "/bin/sh -c x", "HOME=/")
    processes = Processes(Search({"key": "k3y-0f4c2f"}), str(tmp_path))
    processes.look()
    assert processes.hits == set()
    process(tmp_path, 7, "/usr/bin/psql", "PGPASSWORD=k3y-0f4c2f")
    process(tmp_path, 8, "/usr/bin/curl k3y-0f4c2f", "")
    process(tmp_path, 9, "/bin/k3y-0f4c2f", "")
    (tmp_path / "10").mkdir()
    processes.look()
    assert processes.hits == {
        "key in environment of psql",
        "key in arguments of curl",
        "key in arguments of a process",
    }
    assert len(processes.seen) == 4


def test_processes_of_others_are_left_out(tmp_path: Path):
    process(tmp_path, 7, "ours k3y-0f4c2f", "HOME=/ours")
    process(tmp_path, 8, "theirs k3y-0f4c2f", "HOME=/theirs")
    processes = Processes(Search({"key": "k3y-0f4c2f"}), str(tmp_path), only="HOME=/ours")
    processes.look()
    assert processes.hits == {"key in arguments of ours"}


def test_what_a_run_knows_is_learned_and_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leak_search, "ASKING_SECONDS", 0)
    canaries, search = tmp_path / "canaries.json", Search({})
    canaries.write_text(
        json.dumps({"canaries": [{"access": "a" * 32, "refresh": "r" * 32, "cookie": "c" * 32}]})
    )
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "admin.sock"))
        server.listen()

        def answer() -> None:
            client, _address = server.accept()
            with client:
                client.sendall(b"0x55 " + b"p" * 40 + b" green\n\n" if client.recv(99) else b"")

        answering = threading.Thread(target=answer)
        answering.start()
        sessions = Sessions(search, str(canaries), str(tmp_path / "admin.sock"), "/probe.map")
        sessions.look()
        answering.join()
    assert sorted(sessions.learned.values()) == ["a" * 32, "c" * 32, "p" * 40, "r" * 32]
    assert search.names(b"x" + b"c" * 32) == {"canary's cookie 2"}
    canaries.write_text("cut o")
    sessions.look()
    assert len(sessions.learned) == 4


def test_processes_are_watched_until_that_is_ended():
    """As a host runs it: a process that is over at the end is found, by its arguments and by its environment."""
    mark = f"mark-{os.getpid()}-{time.time()}"
    looking = begin(HERE, secrets={"planted": WILD}, watch=mark, sessions=["/nowhere", "/nowhere", "/m"])
    wait = "import sys, time; time.sleep(1)"
    subprocess.run([sys.executable, "-c", wait], env={"MARK": mark, "PLANTED": WILD}, check=True)
    subprocess.run([sys.executable, "-c", wait, WILD], env={"MARK": mark}, check=True)
    subprocess.run([sys.executable, "-c", wait, WILD], env={"PLANTED": WILD}, check=True)
    found = end(looking)
    name = Path(sys.executable).name
    assert found["hits"] == [f"planted in arguments of {name}", f"planted in environment of {name}"]
    assert found["processes"] == 2 and found["learned"] == {}


def test_places_and_commands_are_searched(tmp_path: Path):
    (tmp_path / "leak").write_text(json.dumps(WILD))
    given = {"secrets": {"planted": WILD}, "learned": {"cookie": "c" * 32}, "places": [str(tmp_path)]}
    found = end(begin(HERE, **given, commands={"echo": f"echo {'c' * 32}"}))
    assert found["hits"] == ["cookie in echo", f"planted in {tmp_path}/leak"]


def test_what_cannot_be_searched_is_no_clean_bill():
    with pytest.raises(AssertionError, match="CalledProcessError"):
        end(begin(HERE, secrets={"planted": WILD}, commands={"fails": "false"}))


def test_nothing_of_what_is_looked_for_is_in_its_arguments():
    looking = begin(HERE, secrets={"planted": WILD, "stem": "k3y-0f4c2f-9a"}, watch="")
    arguments = Path(f"/proc/{looking.pid}/cmdline").read_bytes()
    environment = Path(f"/proc/{looking.pid}/environ").read_bytes()
    assert Search({"planted": WILD, "stem": "k3y-0f4c2f-9a"}).names(arguments + environment) == set()
    end(looking)
