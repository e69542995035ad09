"""The wire shapes of opt-outs and of the account's settings about them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from hookline.api.wire import Body, Moment, Shape, Timestamp, shown
from hookline.messages.confirmation_texts import DEFAULT_TEXTS
from hookline.messages.keywords import Keyword
from hookline.messages.opt_out_import import API_MAX, Imported
from hookline.messages.opt_out_rules import (
    TEXT_LENGTH_MAX,
    WORD_LENGTH_MAX,
    WORDS_MAX,
    Reach,
    Rules,
)
from hookline.messages.opt_outs import OptOutRow

Number = Annotated[str, Field(min_length=1, max_length=32, examples=["+447700900123"])]
Sender = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=32,
        description="One of the account's numbers or senders; null: all of them.",
        examples=["+12025550100"],
    ),
]
Word = Annotated[str, Field(min_length=1, max_length=WORD_LENGTH_MAX)]
WordList = Annotated[list[Word] | None, Field(max_length=WORDS_MAX)]
Text = Annotated[str | None, Field(max_length=TEXT_LENGTH_MAX)]
_IGNORED = "Built-in words that shall not count, but those that carriers require."
_TEXTS = (
    "By language: what is told instead of the default text. `{account}` becomes the account's name; "
    "null is the default again."
)


class OptOutCreate(Body):
    """A number that wants no more messages."""

    number: Number
    sender: Sender = None


class OneSender(Body):
    """Which opt-out of a number is meant."""

    sender: Annotated[
        str | None,
        Field(min_length=1, max_length=32, description="One of the account's numbers or senders."),
    ] = None


class OptOut(Shape):
    """A number that wants no more messages."""

    object: Literal["opt_out"] = "opt_out"
    number: str
    sender: Annotated[
        str | None, Field(description="From whom they want none; null: from nobody here.")
    ]
    source: Annotated[
        Literal["keyword", "manual", "import"], Field(description="STOP, by hand, or imported.")
    ]
    language: Annotated[
        str | None, Field(description="Of the word; null when it is of several, or was none.")
    ]
    message_id: str | None
    created_at: Timestamp


class OptOutImportEntry(Body):
    """One number of an import."""

    number: Number
    sender: Sender = None
    created_at: Annotated[
        Moment | None, Field(description="When they opted out; left out: now.")
    ] = None


class OptOutImport(Body):
    """Numbers that want no more messages. To send the same again changes nothing."""

    entries: Annotated[list[OptOutImportEntry], Field(min_length=1, max_length=API_MAX)]


class OptOutImportResult(Shape):
    """What an import did."""

    object: Literal["opt_out_import"] = "opt_out_import"
    added: int
    present: Annotated[int, Field(description="They were on the list already.")]


class ConfirmationTexts(Body):
    """Texts of one language."""

    stop: Text = None
    start: Text = None
    help: Text = None


class OptOutSettingsPatch(Body):
    """What to change; what is left out stays."""

    scope: Reach | None = None
    confirmations: StrictBool | None = None
    language: Annotated[str | None, Field(max_length=8)] = None
    stop_words: WordList = None
    start_words: WordList = None
    help_words: WordList = None
    ignored_words: Annotated[WordList, Field(description=_IGNORED)] = None
    texts: Annotated[
        dict[Annotated[str, Field(max_length=8)], ConfirmationTexts] | None,
        Field(description=_TEXTS, max_length=len(DEFAULT_TEXTS)),
    ] = None

    def changes(self) -> dict[str, Any]:  # Any: by field of Rules
        """For `change_rules`."""
        named = self.model_dump(include={"scope", "confirmations", "language"}, exclude_none=True)
        words = {
            keyword: found
            for keyword in Keyword
            if (found := getattr(self, f"{keyword}_words")) is not None
        }
        if self.ignored_words is not None:
            named["ignored"] = tuple(self.ignored_words)
        texts = {
            language: {
                Keyword(name): text or ""
                for name, text in of.model_dump(exclude_unset=True).items()
            }
            for language, of in (self.texts or {}).items()
        }
        return {**named, "words": words, "texts": texts}


class ConfirmationTextsShape(Shape):
    """Texts of one language."""

    stop: str | None = None
    start: str | None = None
    help: str | None = None


class OptOutSettings(Shape):
    """How the account treats opt-outs."""

    object: Literal["opt_out_settings"] = "opt_out_settings"
    scope: Annotated[
        Reach,
        Field(description="Whether STOP holds for all senders of the account, or for the one."),
    ]
    confirmations: Annotated[bool, Field(description="Whether STOP, START and HELP are answered.")]
    language: Annotated[str, Field(description="Of answers to words of several languages.")]
    stop_words: Annotated[list[str], Field(description="Besides the built-in ones.")]
    start_words: list[str]
    help_words: list[str]
    ignored_words: Annotated[list[str], Field(description=_IGNORED)]
    texts: Annotated[dict[str, ConfirmationTextsShape], Field(description=_TEXTS)]
    default_texts: Annotated[
        dict[str, ConfirmationTextsShape], Field(description="Of every language that is known.")
    ]


def opt_out_shape(row: OptOutRow) -> OptOut:
    return OptOut(
        number=row.recipient,
        sender=row.sender or None,
        source=row.source,
        language=row.language,
        message_id=row.message_id,
        created_at=shown(row.created_at) or "",
    )


def import_shape(done: Imported) -> OptOutImportResult:
    return OptOutImportResult(added=done.added, present=done.present)


def settings_shape(rules: Rules) -> OptOutSettings:
    return OptOutSettings.model_validate(
        {
            **rules.facts,
            "default_texts": {
                language: {keyword.value: text for keyword, text in of.items()}
                for language, of in DEFAULT_TEXTS.items()
            },
        }
    )
