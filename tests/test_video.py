"""Videos are read with exact times, and a frame reached by a seek is the same frame."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from film import write_sound, write_video

from tracking.errors import VideoError
from tracking.video import content_hash, probe, read_frames, read_frames_at


def write_numbered(path, n_frames=70, pixel_format="yuv420p", gop=20, size=(160, 64)):
    """A video whose frames carry their own number as eight black or white blocks."""
    width, height = size
    noise = np.random.default_rng(3).integers(60, 180, (height, width), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.options = {"crf": "18", "g": str(gop), "keyint_min": str(gop)}
        for number in range(n_frames):
            image = np.roll(noise, number, axis=1)
            for bit in range(8):
                image[:32, bit * 20 : bit * 20 + 20] = 235 if number >> bit & 1 else 20
            picture = av.VideoFrame.from_ndarray(image, format="gray")
            container.mux(stream.encode(picture.reformat(format=pixel_format)))
        container.mux(stream.encode(None))
    return path


def number_of(gray) -> int:
    return sum(
        int(gray[8:24, bit * 20 + 5 : bit * 20 + 15].mean() > 128) << bit for bit in range(8)
    )


def test_the_rate_of_ntsc_video_stays_30000_over_1001(tmp_path):
    info = probe(write_video(tmp_path / "ntsc.mp4", n_frames=91, fps=Fraction(30000, 1001)))
    assert info.fps == Fraction(30000, 1001)
    assert not info.variable_rate
    assert info.n_frames == 91
    np.testing.assert_allclose(info.time_s, np.arange(91) * 1001 / 30000, atol=1e-9)
    assert info.duration_s == pytest.approx(91 * 1001 / 30000)


def test_variable_rate_is_detected_and_every_frame_keeps_its_own_time(tmp_path):
    times = [0, 40, 80, 200, 240, 290, 330, 700, 740, 780]
    info = probe(write_video(tmp_path / "phone.mp4", n_frames=10, times=times))
    assert info.variable_rate
    np.testing.assert_allclose(info.time_s * 1000, times, atol=0.6)
    assert float(info.fps) == pytest.approx(9 / 0.78, rel=1e-3)


def test_times_rounded_to_milliseconds_are_not_a_variable_rate(tmp_path):
    times = [round(n * 1001 / 30) for n in range(60)]
    info = probe(write_video(tmp_path / "rounded.mkv", n_frames=60, times=times))
    assert not info.variable_rate
    assert float(info.fps) == pytest.approx(30000 / 1001, rel=1e-3)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p"])
def test_every_frame_reached_by_a_seek_is_the_frame_that_was_asked_for(tmp_path, pixel_format):
    info = probe(write_numbered(tmp_path / "numbered.mp4", pixel_format=pixel_format))
    in_order = [frame.gray.copy() for frame in read_frames(info)]
    assert [number_of(gray) for gray in in_order] == list(range(70))
    for start in (1, 19, 20, 21, 39, 40, 55, 69):
        frame = next(read_frames(info, start, start + 1))
        assert frame.index == start
        assert frame.time_s == info.time_s[start]
        np.testing.assert_array_equal(frame.gray, in_order[start])


def test_a_range_of_frames_ends_before_its_stop(tmp_path):
    info = probe(write_numbered(tmp_path / "numbered.mp4"))
    assert [f.index for f in read_frames(info, 30, 45)] == list(range(30, 45))
    assert [f.index for f in read_frames(info, 60, 999)] == list(range(60, 70))


def test_the_gray_image_is_the_luma_plane_and_colour_comes_on_demand(tmp_path):
    info = probe(write_video(tmp_path / "clip.mp4", n_frames=3))
    frame = next(read_frames(info))
    assert frame.gray.shape == (240, 320) and frame.gray.dtype == np.uint8
    assert frame.rgb().shape == (240, 320, 3)
    with av.open(str(info.path)) as container:
        picture = next(container.decode(video=0))
        luma = np.frombuffer(memoryview(picture.planes[0]), np.uint8)
    np.testing.assert_array_equal(frame.gray, luma.reshape(240, -1)[:, :320])


def test_a_renamed_file_keeps_its_fingerprint_and_a_changed_one_does_not(tmp_path):
    one = write_video(tmp_path / "one.mp4", n_frames=5)
    fingerprint = content_hash(one)
    moved = one.rename(tmp_path / "moved.mp4")
    assert content_hash(moved) == fingerprint
    moved.write_bytes(moved.read_bytes()[:-1] + b"?")
    assert content_hash(moved) != fingerprint


def test_what_a_browser_can_play_is_known_before_anybody_tries(tmp_path):
    assert probe(write_numbered(tmp_path / "fine.mp4")).browser_playable
    assert not probe(write_numbered(tmp_path / "full.mp4", pixel_format="yuv444p")).browser_playable


def test_a_file_that_is_no_video_says_what_and_what_to_do(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("frame,x,y\n" * 100)
    sound = write_sound(tmp_path / "sound.mp4")
    for name, words in [
        ("nowhere.mp4", "does not exist"),
        (".", "is a folder"),
        ("empty.mp4", "0 bytes"),
        ("text.mp4", "not a video"),
        (sound.name, "only sound"),
    ]:
        with pytest.raises(VideoError, match=words):
            probe(tmp_path / name)


def test_a_video_cut_short_is_refused_with_the_numbers_of_frames(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", n_frames=100, moov_first=True)
    data = whole.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(VideoError, match=r"cut short|cannot be decoded"):
        info = probe(tmp_path / "cut.mp4")
        list(read_frames(info))


def test_seeks_in_a_real_full_colour_recording_are_exact(shared_data):
    info = probe(shared_data / "video/mouse1_open_field/m3v1mp4.mp4")
    wanted = [183, 190, 400, 560]
    in_order = {f.index: f.gray.copy() for f in read_frames(info, 0, 561) if f.index in wanted}
    for index in wanted:
        np.testing.assert_array_equal(next(read_frames(info, index)).gray, in_order[index])


def test_single_frames_are_the_same_frames_wherever_they_lie(tmp_path):
    info = probe(write_numbered(tmp_path / "numbered.mp4"))
    wanted = [0, 1, 7, 19, 20, 41, 42, 69]
    found = list(read_frames_at(info, wanted))
    assert [frame.index for frame in found] == wanted
    assert [number_of(frame.gray) for frame in found] == wanted


def write_coded(path, codec, n_frames=120, aspect=None, pixel_format="yuv420p", **options):
    """A numbered video in another container or coding; `aspect`: width of a pixel by its height."""
    noise = np.random.default_rng(3).integers(60, 180, (64, 160), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 160, 64, pixel_format
        stream.options = {key.replace("_", "-"): value for key, value in options.items()}
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for number in range(n_frames):
            image = np.roll(noise, number, axis=1)
            for bit in range(8):
                image[:32, bit * 20 : bit * 20 + 20] = 235 if number >> bit & 1 else 20
            picture = av.VideoFrame.from_ndarray(image, format="gray")
            container.mux(stream.encode(picture.reformat(format=pixel_format)))
        container.mux(stream.encode(None))
    return path


REFRESHED = {"x264_params": "intra-refresh=1:keyint=40"}


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("stream.ts", "libx264", {"g": "30"}),
        ("stream_mpeg2.ts", "mpeg2video", {"bf": "2"}),
        ("refreshed.ts", "libx264", REFRESHED),
        ("program.mpg", "mpeg2video", {"bf": "2"}),
        ("refreshed.mp4", "libx264", REFRESHED),
        ("refreshed.mkv", "libx264", REFRESHED),
        ("as_stored.avi", "libx264", {"g": "30", "bf": "2"}),
        ("mpeg4.avi", "mpeg4", {"bf": "2"}),
    ],
)
def test_every_container_gives_all_frames_and_seeks_to_the_right_ones(
    tmp_path, name, codec, options
):
    info = probe(write_coded(tmp_path / name, codec, **options))
    assert (info.n_frames, info.fps, info.variable_rate) == (120, 25, False)
    np.testing.assert_allclose(info.time_s, np.arange(120) / 25, atol=1e-3)
    assert info.keyframes[0] == 0
    in_order = [frame.gray.copy() for frame in read_frames(info)]
    assert [number_of(gray) for gray in in_order] == list(range(120))
    wanted = [0, 1, 29, 30, 31, 45, 63, 64, 100, 119]
    for frame in read_frames_at(info, wanted):
        np.testing.assert_array_equal(frame.gray, in_order[frame.index])
    for start in wanted:
        frame = next(read_frames(info, start))
        assert frame.index == start
        np.testing.assert_array_equal(frame.gray, in_order[start])


def test_frames_before_the_first_keyframe_of_a_cut_are_not_counted(tmp_path):
    whole = write_coded(tmp_path / "whole.ts", "libx264", g="30").read_bytes()
    packets = len(whole) // 188
    (tmp_path / "tail.ts").write_bytes(whole[188 * (packets // 5) :])
    info = probe(tmp_path / "tail.ts")
    numbers = [number_of(frame.gray) for frame in read_frames(info)]
    assert 60 <= info.n_frames < 120
    assert numbers == list(range(120 - info.n_frames, 120))


@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
@pytest.mark.parametrize("share", [0.4, 0.6])
def test_a_matroska_file_cut_by_bytes_is_refused(tmp_path, codec, share):
    whole = write_coded(tmp_path / "whole.mkv", codec)
    assert probe(whole).n_frames == 120
    data = whole.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(VideoError, match=r"is cut short: it should last 4\.8 s"):
        probe(tmp_path / "cut.mkv")


def test_sound_that_goes_on_after_the_picture_is_no_cut(tmp_path):
    path = tmp_path / "tail.mkv"
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 160, 64, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for _ in range(50):
            image = np.full((64, 160), 90, np.uint8)
            shown = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            container.mux(picture.encode(shown))
        container.mux(picture.encode(None))
        for second in range(8):
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
            heard.rate, heard.pts = 8000, second * 8000
            container.mux(sound.encode(heard))
    assert probe(path).n_frames == 50


@pytest.mark.parametrize(
    ("aspect", "width"), [(Fraction(64, 45), 228), (Fraction(16, 15), 171), (Fraction(8, 9), 142)]
)
def test_pixels_that_are_not_square_are_stretched_as_a_player_shows_them(tmp_path, aspect, width):
    info = probe(write_coded(tmp_path / "pal.mp4", "libx264", 20, aspect=aspect))
    assert (info.width, info.height) == (width, 64)
    frame = next(read_frames(info, 5))
    assert frame.gray.shape == (64, width)
    assert frame.rgb().shape == (64, width, 3)
    # the number 5 is a white block, a black one and a white one, each 20 px wide as stored
    edges = np.flatnonzero(np.diff((frame.gray[16] > 128).astype(int))) + 1
    np.testing.assert_allclose(edges[:3], np.array([20, 40, 60]) * float(aspect), atol=1)


TURNS = {
    0: ((1, 0, 0, 1), (slice(0, 20), slice(0, 30))),
    90: ((0, 1, -1, 0), (slice(0, 30), slice(-20, None))),
    180: ((-1, 0, 0, -1), (slice(-20, None), slice(-30, None))),
    270: ((0, -1, 1, 0), (slice(-30, None), slice(0, 20))),
}


@pytest.mark.parametrize("clockwise", TURNS)
def test_a_turned_video_is_read_as_it_is_displayed(tmp_path, clockwise):
    matrix, corner = TURNS[clockwise]
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 64, "yuv420p"
        image = np.full((64, 160), 20, np.uint8)
        image[:20, :30] = 235
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(image, format="gray")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    turn_track(path, *matrix)
    info = probe(path)
    upright = clockwise in (0, 180)
    assert (info.width, info.height) == ((160, 64) if upright else (64, 160))
    frame = next(read_frames(info, 2))
    for shown in (frame.gray, frame.rgb()[..., 0]):
        assert shown.shape == (info.height, info.width)
        assert shown[corner].mean() > 200
        assert (shown > 128).sum() == pytest.approx(600, abs=60)


def turn_track(path, a, b, c, d):
    """Write a display matrix into the track header of an MP4 file, as a phone does."""
    data = bytearray(path.read_bytes())
    header = data.find(b"tkhd") + 4
    at = header + 4 + (20 if data[header] == 0 else 32) + 16
    one = 1 << 16
    assert struct.unpack(">9i", data[at : at + 36]) == (one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    data[at : at + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def test_the_gray_image_of_ordinary_video_is_not_copied(tmp_path):
    frame = next(read_frames(probe(write_numbered(tmp_path / "numbered.mp4", n_frames=3))))
    assert not frame.gray.flags.owndata
    assert np.shares_memory(frame.gray, np.frombuffer(memoryview(frame.picture.planes[0]), "u1"))


def test_every_trouble_of_the_decoder_is_a_video_error(tmp_path, monkeypatch):
    info = probe(write_numbered(tmp_path / "numbered.mp4"))

    def ended(*_):
        raise av.error.EOFError(541478725, "End of file")

    monkeypatch.setattr("tracking.reading.decoder.Decoder.pictures", ended)
    for read in (lambda: read_frames(info, 30), lambda: read_frames_at(info, [30])):
        with pytest.raises(VideoError, match="cannot be decoded at frame 30 of 70"):
            next(read())


def test_where_seeking_fails_frames_are_decoded_from_the_start(tmp_path, monkeypatch):
    info = probe(write_numbered(tmp_path / "numbered.mp4"))

    def ended(*_):
        raise av.error.EOFError(541478725, "End of file")

    monkeypatch.setattr("tracking.reading.decoder.Decoder._next_key", ended)
    assert number_of(next(read_frames(info, 45)).gray) == 45
    wanted = [3, 25, 66]
    assert [number_of(frame.gray) for frame in read_frames_at(info, wanted)] == wanted
