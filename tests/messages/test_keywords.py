"""Which inbound texts are opt-out words, and which only contain one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.carriers.encoding import segment
from hookline.messages.confirmation_texts import DEFAULT_TEXTS
from hookline.messages.keywords import Found, Keyword, classify, fold, own_words
from hookline.messages.opt_out_words import INTERNATIONAL, LANGUAGES, REQUIRED, WORDS

STOP = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"]
START = ["START", "YES", "UNSTOP"]
HELP = ["HELP", "INFO"]
ALL = [
    *((word, Keyword.STOP) for word in STOP),
    *((word, Keyword.START) for word in START),
    *((word, Keyword.HELP) for word in HELP),
]

surroundings = st.text(st.sampled_from(" \t\r\n.,!?\"'“”«»¡¿-_*()🛑\u00a0\u200b"), max_size=8)


def keyword_of(text: str) -> Keyword | None:
    found = classify(text)
    return None if found is None else found.keyword


@given(surroundings, st.sampled_from(ALL), surroundings)
def test_spaces_and_punctuation_around_a_word_do_not_matter(
    before: str, word: tuple[str, Keyword], after: str
) -> None:
    assert keyword_of(before + word[0] + after) is word[1]


@given(st.sampled_from(ALL), st.data())
def test_case_does_not_matter(word: tuple[str, Keyword], data: st.DataObject) -> None:
    letters = [data.draw(st.sampled_from([c.lower(), c])) for c in word[0]]
    assert keyword_of("".join(letters)) is word[1]


@pytest.mark.parametrize("text", ["opt out", "Opt-out", "STOP ALL", "stop  all."])
def test_two_word_spellings_are_known(text: str) -> None:
    assert keyword_of(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "🛑",
        "...",
        "please stop",
        "stop by at nine",
        "don't stop",
        "STOP STOP",
        "stop it",
        "un stop",
        "st op",
        "yes please",
        "yesterday",
        "STOP1",
        "helpful",
        "the end",
    ],
)
def test_only_the_whole_message_counts(text: str) -> None:
    assert classify(text) is None


@given(st.text())
def test_any_text_is_classified(text: str) -> None:
    classify(text)


@pytest.mark.parametrize(
    ("text", "keyword", "language"),
    [
        ("ARRÊT", Keyword.STOP, "fr"),
        ("Arret.", Keyword.STOP, "fr"),
        ("ＳＴＯＰ", Keyword.STOP, None),
        ("¡Baja!", Keyword.STOP, "es"),
        ("dar de baja", Keyword.STOP, "es"),
        ("ABONELİKTEN ÇIK", Keyword.STOP, "tr"),
        ("abonelikten cik", Keyword.STOP, "tr"),
        ("Стоп", Keyword.STOP, None),
        ("إلغاء الاشتراك", Keyword.STOP, "ar"),
        ("\u200fהסר\u200f", Keyword.STOP, "he"),
        ("बंद करें।", Keyword.STOP, "hi"),
        ("배신", None, None),
        ("수신 거부", Keyword.STOP, "ko"),
        ("退订。", Keyword.STOP, "zh"),
        ("停止", Keyword.STOP, None),
        ("rezygnuje", Keyword.STOP, "pl"),
        ("ΔΙΑΚΟΠΗ", Keyword.STOP, "el"),
        ("Hjælp", Keyword.HELP, "da"),
        ("YARDIM", Keyword.HELP, "tr"),
        ("alta", Keyword.START, "es"),
    ],
)
def test_words_of_many_languages_are_known_however_they_are_written(
    text: str, keyword: Keyword | None, language: str | None
) -> None:
    assert classify(text) == (None if keyword is None else Found(keyword, language))


@pytest.mark.parametrize(
    "text",
    [
        "no", "nein", "non", "ja", "sí", "oui", "да", "T", "N", "1", "बाद में", "बाद", "बंद", "para",
        "cancelar", "annuler", "iptal", "fin", "ende", "koniec", "اه", "はい", "네", "好", "bajo",
        "me arrêter là ce soir", "no quiero parar ahora", "你好 停止 吗 我们 明天 见",
    ],
)  # fmt: skip
def test_ordinary_answers_are_no_words(text: str) -> None:
    assert classify(text) is None


def test_no_word_is_in_two_keywords() -> None:
    seen: dict[str, Keyword] = {}
    for words in (INTERNATIONAL, *WORDS.values()):
        for keyword, spelled in zip(Keyword, words, strict=True):
            for word in spelled:
                assert seen.setdefault(fold(word), keyword) is keyword, word
                assert classify(word) is not None, word
    assert seen.keys() >= REQUIRED


def test_an_account_adds_words_and_ignores_some() -> None:
    others = own_words({Keyword.STOP: ("Genug jetzt",), Keyword.START: ("alto",)}, ("Baja",))
    assert classify("GENUG JETZT!", others) == Found(Keyword.STOP, None)
    assert classify("alto", others) == Found(Keyword.START, None)
    assert classify("BAJA", others) is None
    assert classify("stop", others) == Found(Keyword.STOP, None)


def test_every_language_has_words_texts_and_a_name() -> None:
    assert WORDS.keys() == LANGUAGES.keys() == DEFAULT_TEXTS.keys()
    for texts in DEFAULT_TEXTS.values():
        for text in texts.values():
            assert classify(text) is None
            assert segment(text.replace("{account}", "A" * 20)).segments <= 2, text
