"""What a test sends and reads: paths below an account, bodies as text, answers as elements."""

from dataclasses import dataclass
from pathlib import Path

import httpx
from lxml import etree

DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
DOCUMENTS = Path(__file__).parent / "documents"

HASH1 = "fe438bddfc087dda89d29e637f5684ab"
HASH1B = "79bb0e55551e14a2f329a282c7cf1456"


def credential(username="alice", hash1=HASH1, hash1b=HASH1B, **others):
    """A SipCredential element; None leaves an element out."""
    texts = {"UserName": username, "Hash1": hash1, "Hash1b": hash1b, **others}
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items() if text is not None)
    return f"<SipCredential>{inner}</SipCredential>"


def credentials(*each):
    return f"<SipCredentials>{''.join(each)}</SipCredentials>"


@dataclass
class Answer:
    """A response, its document read."""

    response: httpx.Response

    @property
    def status(self):
        return self.response.status_code

    @property
    def root(self):
        assert self.response.headers["content-type"].split(";")[0] == "application/xml"
        assert self.response.content.startswith(DECLARATION)
        return etree.fromstring(self.response.content)

    @property
    def text(self):
        """The document without its declaration."""
        return self.response.content.removeprefix(DECLARATION).decode()

    def values(self, path):
        return [node.text for node in self.root.iterfind(path)]

    def one(self, path):
        """Name and text of every child of the only element at a path, in order."""
        (node,) = self.root.findall(path)
        return {child.tag: child.text for child in node}

    @property
    def refusal(self):
        """Status, root and number of a single error."""
        status = self.root.find("ResponseStatus")
        names = [child.tag for child in status]
        assert names in (["ErrorCode", "Description"], ["Description"])
        assert status[-1].text
        code = status.findtext("ErrorCode")
        return self.status, self.root.tag, None if code is None else int(code)

    @property
    def errors(self):
        """Number and echoed user name of each error of a list."""
        return [
            (
                int(code) if (code := error.findtext("ErrorCode")) else None,
                error.findtext("SipCredential/UserName"),
            )
            for error in self.root.iterfind("Errors/Error")
        ]


class Asking:
    """Sends requests of one principal."""

    def __init__(self, client, auth, account_id, prefix="/api"):
        self._client = client
        self._auth = auth
        self.account_id = account_id
        self.prefix = prefix

    def path(self, path):
        return f"{self.prefix}/accounts/{self.account_id}/{path}"

    async def send(self, method, path, body=None, *, content_type="application/xml", **options):
        headers = {"Content-Type": content_type} if body is not None and content_type else {}
        url = path if path.startswith("/") else self.path(path)
        options.setdefault("auth", self._auth)
        return Answer(await self._client.request(method, url, content=body, headers=headers, **options))

    async def get(self, path, **options):
        return await self.send("GET", path, **options)

    async def post(self, path, body, **options):
        return await self.send("POST", path, body, **options)

    async def put(self, path, body, **options):
        return await self.send("PUT", path, body, **options)

    async def patch(self, path, body, **options):
        return await self.send("PATCH", path, body, **options)

    async def delete(self, path, **options):
        return await self.send("DELETE", path, **options)
