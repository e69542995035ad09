"""The form of a carrier, made from the settings of its kind."""

from hookline.carriers.live_state import State
from hookline.carriers.smpp.settings import SmppSettings
from hookline.console.views.carrier_form import defaults_of, fields_of, held_by, shown_value
from hookline.console.views.carriers import link_badge
from hookline.foundation import KINDS


def test_the_form_has_every_setting_once_and_the_password() -> None:
    fields = fields_of(KINDS["smpp"], {}, is_edit=False)
    names = [field.name for field in fields]
    assert sorted(names) == sorted([*SmppSettings.model_fields, "password"])
    main = [field.name for field in fields if field.is_main]
    assert main == ["host", "port", "system_id", "password", "bind", "tls"]


def test_the_form_of_asterisk_asks_for_what_everybody_needs_first() -> None:
    fields = fields_of(KINDS["asterisk"], {}, is_edit=False)
    main = [field.label for field in fields if field.is_main]
    assert main == ["Address", "User", "Trunk", "Password"]


def test_a_trunk_that_is_set_up_has_its_password_beside_its_user() -> None:
    fields = fields_of(KINDS["asterisk"], {}, is_edit=False)
    trunk = [field for field in fields if field.is_trunk]
    assert [field.name for field in trunk] == [
        "trunk_host", "trunk_port", "trunk_transport", "trunk_user", "trunk_password",
        "trunk_codecs", "trunk_context", "trunk_qualify_seconds", "trunk_register",
    ]  # fmt: skip
    assert not any(field.is_required or field.is_main for field in trunk)


def test_controls_fit_the_settings() -> None:
    fields = {field.name: field for field in fields_of(KINDS["smpp"], {}, is_edit=True)}
    assert fields["window"].control == "number"
    assert fields["tls"].control == "checkbox"
    assert fields["tls_ca"].control == "textarea"
    assert fields["password"].control == "password"
    for name in ("bind", "alphabet", "message_id_format", "ambiguous"):
        assert len(fields[name].options) >= 2


def test_a_new_form_holds_the_defaults() -> None:
    held = defaults_of(KINDS["smpp"])
    assert (held["host"], held["port"], held["rate"], held["tls"]) == ("", "2775", "100", "")
    assert (held["send_validity"], held["alphabet"], held["tls_ca"]) == ("on", "gsm7", "")


def test_values_are_shown_as_controls_hold_them() -> None:
    assert [shown_value(value) for value in (True, False, None, 0.5, 7, "x")] == [
        "on", "", "", "0.5", "7", "x",
    ]  # fmt: skip


def test_every_state_of_a_link_is_a_word() -> None:
    badges = [link_badge(state) for state in State]
    assert [badge.title for badge in badges] == ["Bound", "Connecting", "Waiting", "Closed", "Down"]


def test_the_form_of_twilio_asks_for_account_and_token_first() -> None:
    fields = fields_of(KINDS["twilio"], {}, is_edit=False)
    assert [field.label for field in fields if field.is_main] == ["Account SID", "Auth token"]
    names = [field.name for field in fields]
    assert "api_key_secret" in names
    assert len(names) == len(set(names))


def test_a_template_is_shown_without_what_says_nothing() -> None:
    template = defaults_of(KINDS["http"])["template"].replace('"/id"}}', '""}}', 1)
    settings = KINDS["http"].settings.model_validate_json(f'{{"template":{template}}}')
    held = held_by(KINDS["http"], settings.model_dump_json())
    assert "null" not in held["template"]
    again = KINDS["http"].settings.model_validate_json(f'{{"template":{held["template"]}}}')
    assert again == settings
