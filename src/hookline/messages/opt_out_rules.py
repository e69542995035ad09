"""How an account treats opt-outs: for which senders they hold, in which words, and how they are confirmed.

`RuleBook` holds them in memory, since every inbound message asks for the account's own words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import msgspec

from hookline.audit.append import record
from hookline.carriers.encoding import SEGMENTS_MAX, segment
from hookline.errors import Invalid
from hookline.ids import AccountId
from hookline.messages import opt_out_store as sql
from hookline.messages.confirmation_texts import ACCOUNT, DEFAULT_TEXTS, ENGLISH
from hookline.messages.keywords import Found, Keyword, classify, fold, own_words
from hookline.messages.opt_out_words import REQUIRED
from hookline.principal import Principal, Scope
from hookline.storage.account_cache import AccountCache
from hookline.storage.store import Store
from hookline.storage.transaction import Rows, Transaction

WORDS_MAX = 50
WORD_LENGTH_MAX = 40
TEXT_LENGTH_MAX = 480
_TOPIC = "opt_outs:"

Texts = Mapping[str, Mapping[Keyword, str]]


class Reach(StrEnum):
    """For which senders a STOP holds."""

    ACCOUNT = "account"
    SENDER = "sender"


@dataclass(frozen=True)
class Rules:
    """The settings of one account."""

    scope: Reach = Reach.ACCOUNT
    confirmations: bool = True
    """False: the account, or its carriers, answer STOP, START and HELP themselves."""
    language: str = ENGLISH
    """Of confirmations, when the word itself tells none."""
    words: Mapping[Keyword, tuple[str, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    texts: Texts = field(default_factory=dict)
    """Instead of the default ones."""

    @cached_property
    def others(self) -> Mapping[str, Found | None]:
        """What `classify` has to know besides the built-in words."""
        return own_words(self.words, self.ignored)

    def text(self, keyword: Keyword, language: str | None, account_name: str) -> str:
        """What the person is told."""
        chosen = language or self.language
        own = self.texts.get(chosen, {}).get(keyword)
        return (own or DEFAULT_TEXTS[chosen][keyword]).replace(ACCOUNT, account_name)

    @property
    def facts(self) -> dict[str, object]:
        """For the audit log and for the answer."""
        return {
            "scope": self.scope.value,
            "confirmations": self.confirmations,
            "language": self.language,
            **{f"{keyword}_words": list(self.words.get(keyword, ())) for keyword in Keyword},
            "ignored_words": list(self.ignored),
            "texts": {
                language: {keyword.value: text for keyword, text in texts.items()}
                for language, texts in self.texts.items()
            },
        }

    def check(self) -> None:
        """Raises Invalid."""
        _check_language("/language", self.language)
        self._check_words()
        self._check_texts()

    def _check_words(self) -> None:
        taken: dict[str, str] = {}
        for keyword in Keyword:
            _check_list(f"/{keyword}_words", self.words.get(keyword, ()), taken)
        _check_list("/ignored_words", self.ignored, taken)
        for place, word in enumerate(self.ignored):
            if fold(word) in REQUIRED:
                detail = f"Carriers require that {word} is understood. Take it out of the list."
                raise Invalid.at(f"/ignored_words/{place}", "word_required", detail)

    def _check_texts(self) -> None:
        for language, texts in self.texts.items():
            _check_language(f"/texts/{language}", language)
            for keyword, text in texts.items():
                self._check_text(f"/texts/{language}/{keyword}", text)

    def _check_text(self, pointer: str, text: str) -> None:
        if not text.strip() or len(text) > TEXT_LENGTH_MAX or "\x00" in text:
            detail = f"A text has 1 to {TEXT_LENGTH_MAX} characters, none of them U+0000."
            raise Invalid.at(pointer, "invalid_text", detail)
        if classify(text, self.others) is not None:
            detail = "This text is an opt-out word itself: two programs would answer each other."
            raise Invalid.at(pointer, "text_is_a_word", detail)
        if segment(text).segments > SEGMENTS_MAX:
            raise Invalid.at(pointer, "text_too_long", f"At most {SEGMENTS_MAX} segments.")


DEFAULT = Rules()


class RuleBook(AccountCache[Rules]):
    """Knows each account's rules."""

    topics = _TOPIC

    async def read(self, account_id: AccountId) -> Rules:
        return rules_from(await self._store.read(sql.settings_of(account_id)))


async def get_rules(store: Store, principal: Principal) -> Rules:
    """The rules of the caller's account."""
    principal.require(Scope.OPT_OUTS_READ)
    return rules_from(await store.read(sql.settings_of(principal.account_id)))


async def change_rules(
    tx: Transaction,
    principal: Principal,
    changes: Mapping[str, Any],  # Any: by field of Rules
) -> Rules:
    """Change what is named. Raises InsufficientScope, LiveModeNeeded, Invalid."""
    principal.require(Scope.OPT_OUTS_WRITE)
    principal.require_live("The settings count for live opt-outs, too")
    await tx.insert(sql.INSERT_SETTINGS, [(principal.account_id,)])
    before = rules_from(await tx.execute(sql.settings_of(principal.account_id).with_for_update()))
    after = _merged(before, changes)
    after.check()
    if after == before:
        return before
    await tx.changed(sql.change_settings(principal.account_id, _columns(after)))
    tx.notify(f"{_TOPIC}{principal.account_id}")
    record(
        tx, principal, "opt_out_settings.update", principal.account_id,
        before=before.facts, after=after.facts,
    )  # fmt: skip
    return after


def _merged(before: Rules, changes: Mapping[str, Any]) -> Rules:
    """Words and texts are merged by keyword and language; an empty text is the default one again."""
    named = dict(changes)
    words = {**before.words, **named.pop("words", {})}
    texts = {language: dict(of) for language, of in before.texts.items()}
    for language, of in named.pop("texts", {}).items():
        texts[language] = {**texts.get(language, {}), **of}
    kept = {
        language: {keyword: text for keyword, text in of.items() if text}
        for language, of in texts.items()
    }
    return replace(
        before,
        words={keyword: tuple(words[keyword]) for keyword in Keyword if words.get(keyword)},
        texts={language: kept[language] for language in sorted(kept) if kept[language]},
        **named,
    )


def rules_from(rows: Rows) -> Rules:
    """The rules in the account's row, if it has one."""
    if not rows:
        return DEFAULT
    row = rows[0]
    words = msgspec.json.decode(row.words, type=dict[str, tuple[str, ...]])
    texts = msgspec.json.decode(row.texts, type=dict[str, dict[str, str]])
    return Rules(
        Reach(row.scope),
        bool(row.confirmations),
        row.language,
        {keyword: words[keyword] for keyword in Keyword if keyword in words},
        words.get("ignored", ()),
        {
            language: {keyword: of[keyword] for keyword in Keyword if keyword in of}
            for language, of in texts.items()
        },
    )


def _columns(rules: Rules) -> dict[str, object]:
    words = {keyword.value: list(of) for keyword, of in rules.words.items()}
    return {
        "scope": rules.scope.value,
        "confirmations": int(rules.confirmations),
        "language": rules.language,
        "words": msgspec.json.encode({**words, "ignored": list(rules.ignored)}).decode(),
        "texts": msgspec.json.encode(rules.facts["texts"]).decode(),
    }


def _check_language(pointer: str, language: str) -> None:
    if language not in DEFAULT_TEXTS:
        known = ", ".join(DEFAULT_TEXTS)
        raise Invalid.at(pointer, "unknown_language", f"Known languages: {known}.")


def _check_list(pointer: str, words: Iterable[str], taken: dict[str, str]) -> None:
    listed = tuple(words)
    if len(listed) > WORDS_MAX:
        raise Invalid.at(pointer, "too_many_words", f"At most {WORDS_MAX} words.")
    for place, word in enumerate(listed):
        here = f"{pointer}/{place}"
        if not fold(word) or len(word) > WORD_LENGTH_MAX or _is_beyond_reach(word):
            detail = f"Write one to four words, of letters and digits, up to {WORD_LENGTH_MAX} characters."
            raise Invalid.at(here, "invalid_word", detail)
        if taken.setdefault(fold(word), here) != here:
            raise Invalid.at(here, "word_repeated", f"{word} stands in the lists twice.")


def _is_beyond_reach(word: str) -> bool:
    """Whether no text could be this word."""
    return classify(word, own_words({Keyword.STOP: (word,)}, ())) is None
