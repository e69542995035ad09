import pytest
from argon2 import PasswordHasher

from hookline.accounts.passwords import Passwords, check_password, generate
from hookline.errors import Invalid


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("elevenchars", "password_too_short"),
        ("x1" * 65, "password_too_long"),
        ("x" * 1_000_000, "password_too_long"),
        ("aaaaaaaabbbb", "password_too_simple"),
    ],
)
def test_weak_password_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(text)
    assert refused.value.errors[0].code == code


@pytest.mark.parametrize(
    "text",
    [
        "password1234", "qwertyuiop12", "iloveyou1234", "hookline1234", "Password!Password!",
        "dana.scully1", "abcabcabcabcabcdef", "x" * 72 + "correct horse battery",
    ],
)  # fmt: skip
async def test_guessable_password_is_refused(passwords: Passwords, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        await passwords.choose(text, pointer="/new", about=["Dana.Scully@example.com"])
    found = refused.value.errors[0]
    assert (found.pointer, found.code) == ("/new", "password_guessable")


@pytest.mark.parametrize(
    "text", ["jkr7x-9vqmm-3dkzw-hbn4t", "correct horse battery", "Zürich Hauptbahnhof"]
)
async def test_words_that_do_not_belong_together_are_a_password(
    passwords: Passwords, text: str
) -> None:
    assert (await passwords.choose(text, about=["dana@example.com"])).text == text


def test_length_counts_after_normalisation() -> None:
    assert check_password("ｐａｓｓｗｏｒｄ１２３４") == "password1234"


def test_generated_password_is_acceptable_and_new() -> None:
    assert check_password(generate())
    assert len({generate() for _ in range(100)}) == 100


async def test_kept_as_argon2id_with_the_recommended_cost(passwords: Passwords) -> None:
    chosen = await passwords.choose("correct horse battery")
    assert chosen.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "horse" not in repr(chosen)


async def test_right_password_in_another_unicode_form(passwords: Passwords) -> None:
    chosen = await passwords.choose("Zürich Hauptbahnhof")
    assert (await passwords.verify(chosen.hash, "Zu\u0308rich Hauptbahnhof")).is_right
    assert not (await passwords.verify(chosen.hash, "Zurich Hauptbahnhof")).is_right


async def test_password_kept_with_other_parameters_is_hashed_anew(passwords: Passwords) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse battery")
    verdict = await passwords.verify(old, "correct horse battery")
    assert verdict.new_hash is not None
    again = await passwords.verify(verdict.new_hash, "correct horse battery")
    assert (again.is_right, again.new_hash) == (True, None)


@pytest.mark.parametrize("stored", [None, "-", "$argon2id$nonsense"])
async def test_nothing_matches_a_user_without_password(
    passwords: Passwords, stored: str | None
) -> None:
    assert not (await passwords.verify(stored, "correct horse battery")).is_right
