"""Obeys STOP, START and HELP, in the transaction of the message that brought them."""

from typing import assert_never

from msgspec.structs import replace

from hookline.events.append import append
from hookline.events.model import Draft, EventType
from hookline.messages import opt_outs, progress
from hookline.messages.confirmations import confirm
from hookline.messages.keywords import Keyword, classify
from hookline.messages.model import Message
from hookline.messages.opt_out_rules import Rules
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction


async def obey(tx: Transaction, store: Store, rules: Rules, message: Message) -> None:
    """Do what the whole text asks for, and tell the person once."""
    found = classify(message.text or "", rules.others)
    if found is None:
        return
    match found.keyword:
        case Keyword.STOP:
            is_news = await opt_outs.opt_out(tx, message, rules.scope, found.language)
            if is_news:
                append(tx, _opted_out(message))
        case Keyword.START:
            is_news = await opt_outs.opt_in(tx, message, rules.scope)
        case Keyword.HELP:
            is_news = True
        case unknown:
            assert_never(unknown)
    if is_news and rules.confirmations:
        await confirm(tx, store, rules, message, found)


def _opted_out(message: Message) -> Draft:
    draft = progress.draft_of(message, EventType.MESSAGE_OPTED_OUT)
    return replace(draft, sequence=message.sequence + 1)
