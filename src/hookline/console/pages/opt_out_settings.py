"""The account's settings about opt-outs: for whom they hold, their words, the texts that confirm them."""

from typing import Any

from starlette.responses import Response

from hookline.console.forms import NOTHING_WRONG, Form, Refusal
from hookline.console.navigation import OPT_OUTS
from hookline.console.pages.opt_outs import place
from hookline.console.routing import Page
from hookline.console.visit import Values, Visit
from hookline.errors import Forbidden, HooklineError, Invalid
from hookline.messages.confirmation_texts import DEFAULT_TEXTS
from hookline.messages.keywords import Keyword
from hookline.messages.opt_out_rules import TEXT_LENGTH_MAX, Reach, Rules, change_rules, get_rules
from hookline.messages.opt_out_words import LANGUAGES
from hookline.principal import Scope

SETTINGS = f"{OPT_OUTS}/settings"
_LISTS = ("stop_words", "start_words", "help_words", "ignored_words")
_TEXTS = tuple(f"{keyword}_text" for keyword in Keyword)


async def show_settings(visit: Visit) -> Response:
    rules = await get_rules(visit.store, visit.principal)
    asked = visit.guest.query("texts")
    chosen = asked if asked in DEFAULT_TEXTS else rules.language
    return await _page(visit, _shown(rules, chosen), chosen, NOTHING_WRONG)


async def save(visit: Visit) -> Response:
    """Change what differs."""
    form = visit.typed
    asked = form.text("texts_language")
    chosen = asked if asked in DEFAULT_TEXTS else "en"
    try:
        changes = _changes(form, chosen)
        await visit.commit(lambda tx: change_rules(tx, visit.principal, changes))
    except (Invalid, Forbidden) as error:
        typed = {
            **{name: form.raw(name) for name in (*_LISTS, *_TEXTS)},
            **{name: form.text(name) for name in ("scope", "confirmations", "language")},
        }
        return await _page(visit, typed, chosen, _refusal(error), status_code=422)
    return visit.go(f"{SETTINGS}?texts={chosen}", "Settings saved")


def _changes(form: Form, chosen: str) -> dict[str, Any]:  # Any: by field of Rules
    lists = {name: _words(form.text(name)) for name in _LISTS}
    texts = {keyword: form.text(f"{keyword}_text") for keyword in Keyword}
    defaults = DEFAULT_TEXTS[chosen]
    own = {keyword: "" if text == defaults[keyword] else text for keyword, text in texts.items()}
    return {
        "scope": Reach.SENDER if form.text("scope") == Reach.SENDER else Reach.ACCOUNT,
        "confirmations": bool(form.text("confirmations")),
        "language": form.text("language"),
        "ignored": lists["ignored_words"],
        "words": {keyword: lists[f"{keyword}_words"] for keyword in Keyword},
        "texts": {chosen: own},
    }


def _words(text: str) -> tuple[str, ...]:
    """One a line."""
    return tuple(word for line in text.splitlines() if (word := line.strip()))


def _shown(rules: Rules, chosen: str) -> dict[str, Values]:
    own = rules.texts.get(chosen, {})
    return {
        "scope": rules.scope.value,
        "confirmations": rules.confirmations,
        "language": rules.language,
        "ignored_words": "\n".join(rules.ignored),
        **{f"{keyword}_words": "\n".join(rules.words.get(keyword, ())) for keyword in Keyword},
        **{
            f"{keyword}_text": own.get(keyword, DEFAULT_TEXTS[chosen][keyword])
            for keyword in Keyword
        },
    }


def _refusal(error: HooklineError) -> Refusal:
    """`/stop_words/3` is about the list, `/texts/en/help` about the text for HELP."""
    fields: dict[str, str] = {}
    for part in error.errors:
        path = part.pointer.strip("/").split("/")
        name = f"{path[-1]}_text" if path[0] == "texts" else path[0]
        fields.setdefault(name, part.detail)
    return Refusal(fields, "" if fields else error.detail)


async def _page(
    visit: Visit, values: dict[str, Values], chosen: str, refusal: Refusal, status_code: int = 200
) -> Response:
    return await visit.page(
        "opt_outs/settings.html",
        status_code=status_code,
        **place(),
        action=SETTINGS,
        values=values,
        chosen=chosen,
        languages=LANGUAGES,
        text_max=TEXT_LENGTH_MAX,
        keywords=[keyword.value for keyword in Keyword],
        may_write=visit.may(Scope.OPT_OUTS_WRITE),
        errors=refusal.fields,
        error=refusal.whole,
    )


PAGES = (
    Page("GET", SETTINGS, show_settings, Scope.OPT_OUTS_READ),
    Page("POST", SETTINGS, save, Scope.OPT_OUTS_WRITE),
)
