"""The shape of a recording."""

from hookline.console.views.waveform import waveform


def test_every_peak_is_a_bar_as_high_as_it_is_loud() -> None:
    shape = waveform([[100, 50]])
    assert (shape.width, shape.height) == (8, 64)
    assert shape.path == "M0 0.0h2.4v64.0h-2.4zM4 16.0h2.4v32.0h-2.4z"


def test_silence_is_a_line_of_dots() -> None:
    assert waveform([[0]]).path == "M0 31.0h2.4v2.0h-2.4z"


def test_a_quiet_recording_shows_its_shape() -> None:
    assert "v64.0" in waveform([[30, 10]]).path


def test_noise_is_not_drawn_as_loud_as_speech() -> None:
    assert "v5.1" in waveform([[2]]).path


def test_no_peaks_make_an_empty_drawing() -> None:
    assert waveform([]).path == ""


def test_each_channel_has_a_row() -> None:
    shape = waveform([[100, 50], [0, 100]])
    assert (shape.width, shape.height) == (8, 64)
    assert shape.path == (
        "M0 2.0h2.4v28.0h-2.4zM4 9.0h2.4v14.0h-2.4zM0 47.0h2.4v2.0h-2.4zM4 34.0h2.4v28.0h-2.4z"
    )
