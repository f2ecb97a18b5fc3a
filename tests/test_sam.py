"""Segment anything, in small and with random weights: the calls are right, a frame is kept."""

from pathlib import Path

import numpy as np
import pytest

from app import doctor
from app.annotating.clicking import BY_DIFFERENCE, BY_GRAY, Weights, engine_for, weights_for
from app.errors import AppError
from tracking import sam
from tracking.errors import TrackingError

with_models = pytest.mark.skipif(
    not sam.is_installed(), reason="the optional models are installed by who wants them"
)


def small_sam() -> object:
    """A whole Sam in small, made by its own parts."""
    import torch

    from tracking.networks.torchvision_parts import declare_missing

    declare_missing()
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )

    torch.manual_seed(1)
    wide = 32
    return Sam(
        image_encoder=ImageEncoderViT(
            img_size=128, patch_size=16, embed_dim=32, depth=1, num_heads=2, out_chans=wide,
            window_size=0, use_rel_pos=True, global_attn_indexes=(0,),
        ),
        prompt_encoder=PromptEncoder(wide, (8, 8), (128, 128), 4),
        mask_decoder=MaskDecoder(
            transformer_dim=wide,
            transformer=TwoWayTransformer(2, wide, 2, 64),
        ),
    ).eval()  # fmt: skip


def picture() -> np.ndarray:
    image = np.full((90, 120), 190, np.uint8)
    image[30:60, 40:80] = 40
    return image


class Decided:
    """The predictor of Sam, its masks decided so that what becomes of them can be seen."""

    def __init__(self, predictor: object) -> None:
        self.real, self.looked, self.asked = predictor, 0, []
        look, ask = predictor.set_image, predictor.predict

        def set_image(image: np.ndarray) -> None:
            self.looked += 1
            assert image.shape == (90, 120, 3)
            look(image)

        def predict(**given: object) -> tuple:
            self.asked.append(given)
            masks, scores, low = ask(**given)
            assert masks.shape[1:] == (90, 120) and masks.dtype == bool
            assert len(masks) == len(scores) == (3 if given["multimask_output"] else 1)
            masks[:] = picture() < 100
            masks[:, 0, 0] = True  # a speck elsewhere
            return masks, scores, low

        predictor.set_image, predictor.predict = set_image, predict


@with_models
def test_sam_is_asked_as_it_wants_to_be_and_looks_at_a_frame_once() -> None:
    clicks = sam.SamClicks(small_sam())
    seen = Decided(clicks._predictor)
    found = clicks.propose(picture(), [(60, 45)], key="one")
    assert (found == (picture() < 100)).all()  # the blob under the click, without the speck
    clicks.propose(picture(), [(60, 45)], [(5, 5)], key="one")
    assert seen.looked == 1
    clicks.propose(np.repeat(picture()[:, :, None], 3, 2), [(60, 45)], key="two")
    clicks.propose(picture(), [(60, 45)], key="one")
    assert seen.looked == 2
    clicks.propose(picture(), [(60, 45)])
    assert seen.looked == 3
    first, second = seen.asked[:2]
    assert first["multimask_output"] and not second["multimask_output"]
    assert second["point_coords"].tolist() == [[60.5, 45.5], [5.5, 5.5]]
    assert second["point_labels"].tolist() == [1, 0]
    with pytest.raises(TrackingError, match="No outline"):
        clicks.propose(picture(), [(110, 80)])
    with pytest.raises(TrackingError, match="Click on the animal"):
        clicks.propose(picture(), [])


@with_models
def test_memory_that_does_not_hold_the_picture_is_one_clear_line() -> None:
    clicks = sam.SamClicks(small_sam())

    def full(image: np.ndarray) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    usual, clicks._predictor.set_image = clicks._predictor.set_image, full
    with pytest.raises(TrackingError, match="memory of cpu does not hold segment-anything"):
        clicks.propose(picture(), [(60, 45)], key="one")
    clicks._predictor.set_image = usual
    Decided(clicks._predictor)
    assert clicks.propose(picture(), [(60, 45)], key="one").any()


@with_models
def test_weights_are_read_as_weights_only_and_of_the_model_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from tracking.networks.torchvision_parts import declare_missing

    declare_missing()
    import segment_anything

    monkeypatch.setitem(segment_anything.sam_model_registry, "vit_b", small_sam)
    good, other, evil = (tmp_path / f"{name}.pth" for name in ("good", "other", "evil"))
    torch.save(small_sam().state_dict(), good)
    torch.save({"layer": torch.zeros(2)}, other)
    evil.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "hurt").encode() + b"'\ntR.")
    assert isinstance(sam.loaded(good, "vit_b"), sam.SamClicks)
    for wrong, says in ((other, "no weights of vit_b"), (evil, "no weights of vit_b"),
                        (tmp_path / "none.pth", "no weights at")):  # fmt: skip
        with pytest.raises(TrackingError, match=says):
            sam.loaded(wrong, "vit_b")
    assert not (tmp_path / "hurt").exists()


def test_which_engine_answers_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ethoscribe.toml"
    monkeypatch.delenv("ETHOSCRIBE_SAM_WEIGHTS", raising=False)
    assert weights_for(tmp_path) is None
    assert engine_for(tmp_path, True) == BY_DIFFERENCE
    assert engine_for(tmp_path, False) == BY_GRAY
    file.write_text('[segment_anything]\nweights = "/lab/sam.pth"\nmodel = "vit_l"\n')
    assert weights_for(tmp_path) == Weights(Path("/lab/sam.pth"), "vit_l")
    assert weights_for(tmp_path, {"ETHOSCRIBE_SAM_WEIGHTS": "/w.pth"}).file == Path("/w.pth")
    monkeypatch.setattr(sam, "is_installed", lambda: False)
    assert engine_for(tmp_path, True) == BY_DIFFERENCE  # weights alone do nothing
    monkeypatch.setattr(sam, "is_installed", lambda: True)
    assert engine_for(tmp_path, True) == "segment-anything vit_l"
    file.write_text('[segment_anything]\nweights = "a"\nmodel = "vit_x"\n')
    with pytest.raises(AppError, match="vit_b, vit_l, vit_h"):
        weights_for(tmp_path)
    file.write_text("segment_anything = 3\n")
    with pytest.raises(AppError, match="must be a table"):
        weights_for(tmp_path)


def test_the_doctor_says_how_to_get_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ETHOSCRIBE_SAM_WEIGHTS", raising=False)
    monkeypatch.setattr(sam, "is_installed", lambda: True)
    none = doctor.outlines_by_click()
    assert none.state == "absent" and sam.WHERE in none.hint and "ethoscribe.toml" in none.hint
    monkeypatch.setenv("ETHOSCRIBE_SAM_WEIGHTS", str(tmp_path / "w.pth"))
    assert doctor.outlines_by_click().state == "broken"
    (tmp_path / "w.pth").write_bytes(b"w")
    assert doctor.outlines_by_click().detail == f"segment-anything vit_b, {tmp_path / 'w.pth'}"
    monkeypatch.setattr(sam, "is_installed", lambda: False)
    assert "not installed" in doctor.outlines_by_click().detail
