"""Operations on accounts, and who asks."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedAnywhere, AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import Page, answer
from trunkline.api.native.paging import After, Limit, part
from trunkline.api.native.schemas.accounts import (
    AccountChange,
    AccountDocument,
    MeDocument,
    NewAccount,
    account_document,
    me_document,
)
from trunkline.domain.role import Permission

router: Final = APIRouter(route_class=NativeRoute, tags=["Accounts"])


@router.get("/me", response_model=MeDocument)
async def show_me(asked: AskedAnywhere) -> Response:
    """Who you are to the server, and your roles."""
    return answer(me_document(asked.principal))


@router.get("/accounts", response_model=Page[AccountDocument])
async def list_accounts(asked: AskedAnywhere, after: After = "", limit: Limit = 100) -> Response:
    """The accounts that you have a role in; all of them for who owns the installation."""
    accounts = [
        account
        for account in await asked.provisioning.accounts.all()
        if asked.principal.may(Permission.READ, account.id)
    ]
    shown, following = part(accounts, lambda account: account.id, after, limit)
    return answer(Page[AccountDocument](items=[account_document(one) for one in shown], next=following))


@router.post("/accounts", response_model=AccountDocument, status_code=201)
async def add_account(asked: AskedAnywhere, wish: NewAccount) -> Response:
    """Create an account."""
    account = await asked.provisioning.accounts.add(wish.name, wish.country)
    prefix = asked.request.scope.get("root_path", "")
    return answer(
        account_document(account), 201, location=f"{prefix}/accounts/{account.id}", request=asked.request
    )


@router.get("/accounts/{account}", response_model=AccountDocument)
async def show_account(asked: AskedNow) -> Response:
    """An account."""
    return answer(
        account_document(await asked.provisioning.accounts.get(asked.account_id)), request=asked.request
    )


@router.patch("/accounts/{account}", response_model=AccountDocument)
async def change_account(asked: AskedNow, change: AccountChange) -> Response:
    """Rename an account, change its country, or hide its hashes."""

    async def attempt() -> Response:
        seen = await asked.provisioning.accounts.get(asked.account_id)
        after = await asked.changing(seen, account_document(seen)).accounts.change(
            asked.account_id, name=change.name, country=change.country, masks_hashes=change.masks_hashes
        )
        return answer(account_document(after), request=asked.request)

    return await changed(asked, attempt)
