"""Wrong input: one sentence on standard error, exit code 2, never a traceback, nothing written."""

import pytest

HASH = "fe438bddfc087dda89d29e637f5684ab"

CASES = [
    ((), "Missing command; see 'trunkline --help'."),
    (("realm",), ""),
    (("nonsense",), "No such command 'nonsense'; see 'trunkline --help'."),
    (("realm", "ad"), "Did you mean 'add'? See 'trunkline realm --help'."),
    (("--data",), "requires an argument"),
    (("--account", "7", "realm", "list"), "There is no account 7"),
    (("--account", "x", "realm", "list"), "valid integer"),
    (("realm", "add"), "or a whole one such as sip.example.com; a whole name is given with --fqdn."),
    (("realm", "add", "-x"), "No such option"),
    (("realm", "add", "a b"), "is no short realm name"),
    (("realm", "add", "desk"), "Realm desk.example.net"),
    (("realm", "add", "--fqdn", "desk.example.net"), "exists already"),
    (("realm", "add", "--fqdn", "nodot"), "not a fully qualified name"),
    (("realm", "change", "nowhere"), "There is no realm 'nowhere'; 'trunkline realm list' shows them."),
    (
        ("realm", "remove", "desk.example.net"),
        "still has 1 credential; remove them first, or remove them with it by --force.",
    ),
    (("credential", "add"), "Missing argument 'USER'"),
    (("credential", "add", "x" * 33, "--generate"), "at most 32 characters"),
    (("credential", "add", "al ice", "--generate"), "cannot have the character ' '"),
    (("credential", "add", "alice", "--generate"), "'alice' already"),
    (("credential", "add", "bob", "--realm", "lab", "--generate"), "There is no realm 'lab'"),
    (("credential", "add", "bob"), "use --password-stdin, --generate, or --hash1 (and --hash1b)"),
    (("credential", "add", "bob", "--password-stdin"), "Standard input is empty"),
    (("credential", "add", "bob", "--generate", "--hash1", HASH), "Give one secret only"),
    (("credential", "add", "bob", "--hash1", HASH[:-1], "--hash1b", HASH), "Hash1 has 31 hexadecimal digits"),
    (("credential", "add", "bob", "--generate", "--caller-id", "x"), "cannot be used as a number"),
    (
        ("credential", "add", "bob", "--generate", "--media", "x"),
        "'x' is not one of 'anchored', 'direct'; see",
    ),
    (("credential", "add", "bob", "--generate", "--max-calls", "-1"), "give a number above 0"),
    (("credential", "add", "bob", "--generate", "--destination", "1"), "is no destination"),
    (("credential", "add", "bob", "--generate", "--application", "x"), "There is no application 'x'"),
    (("credential", "show", "bob"), "There is no credential 'bob'"),
    (("credential", "rotate", "alice", "--generate", "--overlap", "soon"), "is no span of time"),
    (("credential", "rotate", "alice", "--generate", "--overlap", "91d"), "90 days"),
    (("credential", "remove", "alice"), "Number +15550100199 leads to alice@desk.example.net"),
    (("credential", "import", "none.csv"), "none.csv cannot be read: No such file or directory"),
    (("credential", "list", "--limit", "0"), "--limit"),
    (("trunk", "add", "carrier"), "A trunk needs a target"),
    (("trunk", "add", "carrier", "--target", "gateway"), "'gateway' is no target"),
    (("trunk", "add", "carrier", "--target", "sip:a.example,x"), "is no target; write URI"),
    (("trunk", "add", "carrier", "--target", "sip:a.example,1,2,3"), "is no target; write URI"),
    (("trunk", "add", "carrier", "--target", "sip:a.example", "--allow-ip", "0.0.0.0/0"), "the whole world"),
    (
        ("trunk", "add", "carrier", "--target", "sip:a.example", "--failover-code", "486"),
        "486 is the answer of the called",
    ),
    (("trunk", "add", "carrier", "--target", "sip:a.example", "--login-user", "u"), "--login-realm"),
    (("trunk", "change", "none"), "There is no trunk 'none'"),
    (("number", "add", "+15550100198"), "Missing option '--to'"),
    (("number", "add", "12", "--to", "alice"), "'12' cannot be used as a number"),
    (("number", "add", "+15550100199", "--to", "alice"), "owned already"),
    (("number", "add", "+15550100198", "--to", "sip:nobody@desk.example.net"), "There is no credential"),
    (("number", "remove", "+15550100198"), "own +15550100198; 'trunkline number list' shows its numbers."),
    (("application", "add", "ivr", "--url", "app"), "is no callback URL"),
    (("application", "remove", "ivr"), "There is no application 'ivr'"),
    (("account", "add", "Biloxi", "--country", "XX"), "'XX' is no country"),
    (("hash", "alice"), "Missing option '--realm'"),
    (("hash", "alice", "--realm", "a.example"), "No password is given; use --password-stdin."),
    (("registrations", "--kind", "refused"), "give --events too"),
    (("cdrs", "--since", "yesterday"), "is no time"),
    (("cdrs", "--after", "nonsense"), "is no page"),
    (("cdrs", "--cause", "x"), "--cause"),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with a realm, a credential and a number, made once."""
    from trunkline.cli import main

    folder = tmp_path_factory.mktemp("template")
    for arguments in (
        ("realm", "add", "--fqdn", "desk.example.net"),
        ("credential", "add", "alice", "--generate"),
        ("number", "add", "+15550100199", "--to", "alice"),
    ):
        assert main(["--data", str(folder), *arguments]) == 0
    return folder


@pytest.mark.parametrize(("arguments", "sentence"), CASES, ids=[" ".join(case[0])[:50] for case in CASES])
def test_wrong_input_is_refused_in_a_sentence(call, data, template, monkeypatch, arguments, sentence):
    import shutil

    if arguments == ("realm", "add", "desk"):
        monkeypatch.setenv("TRUNKLINE_REALM_FORM", "{name}.example.net")
    shutil.copytree(template, data)
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    outcome = call(*arguments)
    assert outcome.code == 2
    assert sentence in outcome.err
    assert outcome.err.count("\n") == (1 if sentence else 0)
    assert not sentence or outcome.err.startswith("trunkline: ")
    assert "Traceback" not in outcome.err + outcome.out
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


def test_a_folder_that_is_a_file_is_refused(run, data):
    data.write_text("")
    outcome = run("realm", "list")
    assert (outcome.code, outcome.out) == (2, "")
    assert "is a file" in outcome.err


def test_a_file_that_is_no_database_is_refused(run, data):
    data.mkdir()
    (data / "trunkline.db").write_text("no database at all, but long enough to be taken for one " * 30)
    outcome = run("realm", "list")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "file is not a database" in outcome.err


def test_wrong_settings_are_refused(run, data):
    data.mkdir()
    (data / "trunkline.toml").write_text("base_domian = 'x.example'\n")
    outcome = run("realm", "list")
    assert (outcome.code, outcome.err) == (
        2, "trunkline: 'base_domian' is no setting of Trunkline; correct its name or remove it.\n",
    )  # fmt: skip


def test_a_database_that_is_not_there_is_refused_without_its_password(run, unused_tcp_port):
    url = f"postgresql://trunkline:s3cret@127.0.0.1:{unused_tcp_port}/trunkline"
    outcome = run("realm", "list", environment={"TRUNKLINE_DATABASE_URL": url})
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "s3cret" not in outcome.err


def test_an_import_in_another_encoding_is_refused(call, template, data, tmp_path):
    lines = tmp_path / "latin.csv"
    lines.write_bytes("älice,desk.example.net,secret\n".encode("latin-1"))
    outcome = call("credential", "import", str(lines))
    assert outcome.code == 2
    assert "is not in UTF-8" in outcome.err


def test_a_reader_that_goes_away_is_no_fault(data):
    import subprocess
    import sys

    command = f"{sys.executable} -m trunkline --data {data} account list --json | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
