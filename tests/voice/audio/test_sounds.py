"""Tones, digits, mixing, resampling and the waveform, judged by their frequencies."""

import struct
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.voice.audio.goertzel import digits_in, level_of
from hookline.voice.audio.resampling import resample
from hookline.voice.audio.samples import interleave, mix, samples_in, silence
from hookline.voice.audio.tones import DIGIT_HZ, digit_tones, tone, tone_from
from hookline.voice.audio.wav import write_wav
from hookline.voice.audio.waveform import peak_of, peaks_of_file
from hookline.voice.port import DIGITS

SAMPLES = st.lists(st.integers(-32_768, 32_767), max_size=300).map(lambda items: array("h", items))


def test_a_tone_is_its_frequency_and_no_other() -> None:
    sound = tone(440, 500)
    assert len(sound) == samples_in(500)
    assert level_of(sound, 440) == pytest.approx(0.25, abs=0.01)
    assert level_of(sound, 880) < 0.005
    assert level_of(silence(500), 440) == 0


@settings(deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 20_000))
def test_a_tone_goes_on_where_it_was(start: int, count: int) -> None:
    assert tone_from((441,), start, count) == tone(441, (start + count) / 8)[start:]


@settings(deadline=None)
@given(st.text(st.sampled_from(DIGITS + "w"), max_size=12))
def test_keys_are_heard_as_they_were_pressed(digits: str) -> None:
    assert digits_in(digit_tones(digits)) == digits.replace("w", "")


def test_keys_are_heard_through_a_voice() -> None:
    assert digits_in(mix(digit_tones("147"), tone(300, 600, level=0.05))) == "147"
    assert digits_in(tone(440, 1_000)) == ""
    assert set(DIGIT_HZ) == set(DIGITS)


@settings(deadline=None)
@given(SAMPLES, SAMPLES)
def test_mixing_clips_and_is_as_long_as_the_longer(one: "array[int]", other: "array[int]") -> None:
    mixed = mix(one, other)
    assert len(mixed) == max(len(one), len(other))
    assert mixed == mix(other, one)
    expected = sum(part[0] for part in (one, other) if part)
    assert not mixed or mixed[0] == max(-32_768, min(32_767, expected))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9))))
def test_channels_take_turns(pairs: list[tuple[int, int]]) -> None:
    left, right = (array("h", [pair[side] for pair in pairs]) for side in (0, 1))
    both = interleave(left, right)
    assert (both[0::2], both[1::2]) == (left, right)


@pytest.mark.parametrize("hertz", [300, 1_000, 3_000])
def test_resampling_keeps_what_telephones_carry(hertz: int) -> None:
    spoken = tone(hertz, 500 * 22_050 / 8_000)
    heard = resample(spoken, 22_050)
    shown_hz = hertz * 22_050 / 8_000  # `tone` takes 8 kHz for granted
    assert len(heard) == 4_000
    if shown_hz < 3_300:
        assert level_of(heard[200:-200], shown_hz) == pytest.approx(0.25, abs=0.01)
    else:
        assert max(heard[200:-200]) < 100


@settings(deadline=None)
@given(SAMPLES, st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000]))
def test_resampling_takes_any_sound(sound: "array[int]", rate_hz: int) -> None:
    assert len(resample(sound, rate_hz)) == len(sound) * 8_000 // rate_hz


@settings(deadline=None)
@given(SAMPLES.filter(len))
def test_a_peak_is_the_loudest_sample(sound: "array[int]") -> None:
    loudest = max(abs(sample) for sample in sound) * 100 / 32_767
    assert peak_of(struct.pack(f"<{len(sound)}h", *sound)) == pytest.approx(loudest, abs=1.5)


def test_each_channel_of_a_file_has_its_peaks(tmp_path: Path) -> None:
    sound = interleave(tone(440, 300) + silence(300), silence(300) + tone(880, 300, level=0.5))
    write_wav(tmp_path / "dual.wav", sound, channels=2)
    left, right = peaks_of_file(tmp_path / "dual.wav", count=2)
    assert left == pytest.approx((25, 0), abs=1)
    assert right == pytest.approx((0, 50), abs=1)


def test_the_peaks_of_a_short_file_are_as_few_as_its_samples(tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", array("h", [32_767, 0, -32_768]))
    assert peaks_of_file(tmp_path / "short.wav") == ((100, 0, 100),)
    write_wav(tmp_path / "empty.wav", array("h"))
    assert peaks_of_file(tmp_path / "empty.wav") == ((),)
