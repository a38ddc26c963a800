"""What was written before users came stays as it was."""

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from contract import nouns
from trunkline.domain.credential import HashPair
from trunkline.store.database import FILE_NAME, Database
from trunkline.store.migration import _config
from trunkline.store.provisioning_store import SqlProvisioningStore

WRITTEN = (
    "INSERT INTO accounts VALUES (1000001, '0a1b2c', 'Atlanta', 'US', 1)",
    "INSERT INTO realms VALUES (1, 1000001, 'desk.example.net', 'desk', 1, '', 1)",
    f"INSERT INTO applications VALUES ('{nouns.IVR.id}', 1000001, 'ivr', 'https://a.example/', '', 'hooks', 1)",
    f"INSERT INTO credentials VALUES (1, 1000001, 1, 'alice', '', 'alice', 'aa', 'bb', 's1', 's2', 't1', 't2', 1, '{nouns.IVR.id}', true, 'any', '', '', 'anchored', 1)",
    "INSERT INTO previous_secrets VALUES (1, 'cc', 'dd', NULL, NULL, NULL, NULL, 1, 99)",
)


@pytest.fixture
def url(request, database_url):
    """Of a database that nothing is in; empty for SQLite."""
    if not database_url:
        return ""
    server = request.getfixturevalue("postgresql_server")
    return server.url(server.new_database())


async def test_credentials_and_applications_survive_the_coming_of_users(url, tmp_path):
    engine = create_engine(
        url.replace("postgresql:", "postgresql+psycopg:") if url else f"sqlite:///{tmp_path / FILE_NAME}"
    )
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in WRITTEN:
            connection.execute(text(statement))
    engine.dispose()
    database = await Database.open(tmp_path, url)
    async with SqlProvisioningStore(database).reading() as rows:
        credential = await rows.credentials.get(1)
        assert [secret.md5 for secret in credential.secrets] == [HashPair("aa", "bb"), HashPair("cc", "dd")]
        assert credential.secrets[0].sha512_256 == HashPair("t1", "t2")
        application = await rows.applications.get(nouns.IVR.id)
        assert (application.call_initiated_method, application.fallback_url) == ("POST", "")
    await database.close()
