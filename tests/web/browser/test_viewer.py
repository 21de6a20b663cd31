"""The viewer in Chromium: what is on the canvas is what the values and the window say."""

import base64
import io
import json
import urllib.request

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pynetdicom import AE

from tests.web.browser.conftest import keep_picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

STUDIES = "/api/v1/archive/studies"
CANVAS = '.pane[data-pane="{}"] [data-part="image"]'
DRAWN = """([pane, frame]) => {
  const { dataset } = document.querySelector(`.pane[data-pane="${pane}"]`);
  return dataset.frame && (!frame || dataset.frame === String(frame));
}"""
READ = """(pane) => document.querySelector(`.pane[data-pane="${pane}"] [data-part="image"]`).toDataURL()"""


def get(daemon, path: str) -> bytes:
    with urllib.request.urlopen(daemon.addresses["page"] + path, timeout=20) as answer:  # noqa: S310 - our own page
        return answer.read()


def study_of(daemon, modality: str) -> tuple[str, list[dict]]:
    """Give a study of a modality, and its image series, the longest first."""
    (found, *_) = json.loads(get(daemon, f"{STUDIES}?modality={modality}"))["studies"]
    detail = json.loads(get(daemon, found["study"]))
    series = [one for one in detail["series_list"] if one["modality"] == modality]
    return found["study_instance_uid"], sorted(series, key=lambda one: -one["instances"])


class Viewer:
    """One open viewer."""

    def __init__(self, daemon, visitor, modality: str, image: int = 1, **look) -> None:
        self.daemon = daemon
        self.study, self.series = study_of(daemon, modality)
        here = f"#series={self.series[0]['series_instance_uid']}&image={image}"
        self.page = visitor.open(f"/studies/{self.study}/viewer{here}", **look)
        self.wait(0, image)

    def wait(self, pane: int = 0, frame: int | None = None) -> None:
        self.page.wait_for_function(DRAWN, arg=[pane, frame])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def said(self, name: str, pane: int = 0) -> str:
        return self.page.locator(f'.pane[data-pane="{pane}"]').get_attribute(f"data-{name}")

    def canvas(self, pane: int = 0) -> np.ndarray:
        """Give what the canvas shows, after the next picture of the screen."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        content = base64.b64decode(self.page.evaluate(READ, pane).partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(content)))[..., 0]

    def values(self, pane: int = 0) -> tuple[np.ndarray, dict]:
        """Give the values of the frame that is shown, after rescale, and its description."""
        instance = self.said("instance", pane)
        for series in self.series:
            uid = series["series_instance_uid"]
            images = json.loads(get(self.daemon, f"{STUDIES}/{self.study}/series/{uid}/images"))["images"]
            for image in images:
                if image["sop_instance_uid"] == instance:
                    raw = get(self.daemon, f"{STUDIES}/{self.study}/instances/{instance}/frames/1")
                    stored = np.frombuffer(raw, np.dtype(image["pixels"]).newbyteorder("<"))
                    stored = stored.reshape(image["rows"], image["columns"]).astype(float)
                    frame = image["frame"]
                    return stored * frame["rescale_slope"] + frame["rescale_intercept"], image
        raise AssertionError(instance)

    def expected(self, pane: int = 0) -> np.ndarray:
        """Give the greys the shown window makes of the shown values (PS3.3 C.11.2.1.2.1)."""
        values, image = self.values(pane)
        centre, width = float(self.said("centre", pane)), float(self.said("width", pane))
        greys = np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) * 255
        return 255 - greys.astype(np.uint8) if image["is_inverse"] else greys.astype(np.uint8)


def rendered(daemon, viewer: Viewer) -> np.ndarray:
    """Give the picture the server draws of the image that is shown."""
    series = viewer.series[0]["series_instance_uid"]
    place = f"/dicom-web/studies/{viewer.study}/series/{series}/instances/{viewer.said('instance')}"
    return np.asarray(Image.open(io.BytesIO(get(daemon, f"{place}/rendered?accept=image/png"))))


def store(daemon, dataset) -> None:
    """Send an instance to the archive."""
    entity = AE("VIEWERTEST")
    entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", daemon.port("archive"), ae_title="FABARCHIVE")
    assert association.is_established
    assert 0 == association.send_c_store(dataset).Status
    association.release()


def placed(picture: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """Give the part of a canvas on which a picture lies one to one, in the middle."""
    rows, columns = picture.shape
    # As the viewer rounds: half a pixel goes up.
    top, left = (int(np.floor((a - b) / 2 + 0.5)) for a, b in zip(canvas.shape, (rows, columns), strict=True))
    return canvas[top : top + rows, left : left + columns]


def test_the_canvas_shows_values_through_the_window(daemon, visitor):
    """At first the image's own, pixel for pixel as the server draws it; then one that was dragged, then inverted."""
    viewer = Viewer(daemon, visitor, "CT", image=3)
    viewer.press("o")
    first = placed(viewer.expected(), viewer.canvas())
    assert np.array_equal(viewer.expected(), first)
    assert np.array_equal(rendered(daemon, viewer), first)

    before = float(viewer.said("centre")), float(viewer.said("width"))
    box = viewer.page.locator(CANVAS.format(0)).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    viewer.page.mouse.move(x, y)
    viewer.page.mouse.down(button="right")
    viewer.page.mouse.move(x + 90, y - 30, steps=4)
    viewer.page.mouse.up(button="right")
    shown = placed(first, viewer.canvas())
    step = before[1] / 300
    assert (pytest.approx(before[0] - 30 * step), pytest.approx(before[1] + 90 * step)) == (
        float(viewer.said("centre")),
        float(viewer.said("width")),
    )
    assert not np.array_equal(first, shown)
    assert np.array_equal(viewer.expected(), shown)

    viewer.press("i")
    assert np.array_equal(255 - shown, placed(first, viewer.canvas()))
    viewer.press("i", "2")
    assert ("-600", "1500") != (str(before[0]), str(before[1]))
    assert np.array_equal(viewer.expected(), placed(first, viewer.canvas()))


def test_wheel_keys_and_slider_scroll(daemon, visitor):
    """And the address says where one is, so that it can be sent to somebody."""
    viewer = Viewer(daemon, visitor, "CT", image=2)
    amount = viewer.series[0]["instances"]
    viewer.page.mouse.move(640, 400)
    viewer.page.mouse.wheel(0, 120)
    viewer.wait(0, 3)
    viewer.press("ArrowUp")
    viewer.wait(0, 2)
    viewer.press("End")
    viewer.wait(0, amount)
    viewer.press("ArrowDown")
    viewer.page.locator('[data-pane="0"] [data-part="slider"]').fill("1")
    viewer.wait(0, 1)
    viewer.page.wait_for_function("() => location.hash.endsWith('&image=1')")

    assert f"1 / {amount}" == viewer.page.locator('[data-pane="0"] [data-part="count"]').inner_text()


def test_monochrome1_is_bright_where_values_are_low(daemon, visitor):
    """A film reads as it did on a light box; its window is a sigmoid here."""
    study, (series, *_) = study_of(daemon, "CR")
    images = json.loads(get(daemon, f"{STUDIES}/{study}/series/{series['series_instance_uid']}/images"))["images"]
    film = dcmread(io.BytesIO(get(daemon, f"{STUDIES}/{study}/instances/{images[0]['sop_instance_uid']}.dcm")))
    film.PhotometricInterpretation, film.PresentationLUTShape, film.Modality = "MONOCHROME1", "INVERSE", "RG"
    film.VOILUTFunction = "SIGMOID"
    film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID = (f"2.25.77{number}" for number in range(3))
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    store(daemon, film)
    viewer = Viewer(daemon, visitor, "RG", width=2000, height=1800)
    viewer.press("o")

    values, _ = viewer.values()
    centre, width = float(viewer.said("centre")), float(viewer.said("width"))
    bright = (1 / (1 + np.exp(-4 * (values - centre) / width)) * 255).astype(np.uint8)
    shown = placed(bright, viewer.canvas())
    assert np.abs((255 - bright).astype(int) - shown).max() <= 1
    assert np.array_equal(rendered(daemon, viewer), shown)


def test_two_panes_scroll_together_by_position(daemon, visitor):
    """Each has its own series; parallel slices of one space follow each other."""
    viewer = Viewer(daemon, visitor, "CT", image=2)
    viewer.press("d")
    viewer.wait(1)
    viewer.page.locator('[data-pane="1"] [data-part="view"]').click()
    parallel = [one for one in viewer.series[1:] if _orientation(viewer, one) == _orientation(viewer, viewer.series[0])]
    viewer.page.locator(f'[data-series="{parallel[0]["series_instance_uid"]}"]').click()
    viewer.page.wait_for_function(
        "(uid) => document.querySelector(`[data-series='${uid}']`).getAttribute('aria-pressed') === 'true'",
        arg=parallel[0]["series_instance_uid"],
    )
    viewer.wait(1)
    viewer.page.locator('[data-pane="0"] [data-part="view"]').click()
    viewer.press("y", "End")
    viewer.wait(0, viewer.series[0]["instances"])
    viewer.page.wait_for_function(
        "() => { const pane = document.querySelector('.pane[data-pane=\"1\"]'); return pane.dataset.instance; }"
    )
    viewer.canvas(1)
    one, other = (viewer.values(pane)[1] for pane in (0, 1))
    images = json.loads(get(daemon, f"{STUDIES}/{viewer.study}/series/{parallel[0]['series_instance_uid']}/images"))[
        "images"
    ]
    distance = {
        image["sop_instance_uid"]: abs(image["frame"]["position"][2] - one["frame"]["position"][2]) for image in images
    }

    assert min(distance.values()) == distance[other["sop_instance_uid"]]
    keep_picture(viewer.page, "viewer-two-panes")


def test_cine_runs_and_stops(daemon, visitor):
    """Frames go by without a key being pressed, and stand still again."""
    viewer = Viewer(daemon, visitor, "MR")
    viewer.press(" ")
    viewer.page.wait_for_function("() => Number(document.querySelector('.pane').dataset.frame) >= 3")
    viewer.press(" ")
    stopped = viewer.page.locator('[data-pane="0"] [data-part="play"]').get_attribute("aria-pressed")

    assert "false" == stopped


def test_a_length_and_a_value_are_read(daemon, visitor):
    """Millimetres by pixel spacing; the value under the pointer is the one that is stored, after rescale."""
    viewer = Viewer(daemon, visitor, "CT", image=3)
    viewer.press("o")
    values, image = viewer.values()
    box = viewer.page.locator(CANVAS.format(0)).bounding_box()
    left, top = box["x"] + (box["width"] - image["columns"]) / 2, box["y"] + (box["height"] - image["rows"]) / 2
    column, row = image["columns"] // 2, image["rows"] // 2
    viewer.page.mouse.move(left + column + 0.6, top + row + 0.6)
    probe = viewer.page.locator('[data-pane="0"] [data-part="probe"]').inner_text()
    there = [int(part) for part in probe.split(":")[0].split(",")]
    assert there in ([column, row], [column + 1, row], [column, row + 1], [column + 1, row + 1])
    assert f"{values[there[1], there[0]]:g} HU" == probe.split(": ")[1]

    before = viewer.page.evaluate("() => document.querySelector('[data-part=marks]').toDataURL()")
    viewer.press("l")
    viewer.page.mouse.down()
    viewer.page.mouse.move(left + column + 40, top + row + 30, steps=3)
    viewer.page.mouse.up()
    viewer.canvas()
    assert before != viewer.page.evaluate("() => document.querySelector('[data-part=marks]').toDataURL()")
    spoken = viewer.page.evaluate(
        """async ([spacing, aspect]) => (await import("/static/viewer/geometry.js"))
            .lengthInWords({ spacing, aspect }, [10, 10], [50, 40])""",
        [image["pixel_spacing"], 1],
    )
    millimetres = np.hypot(40 * image["pixel_spacing"][1], 30 * image["pixel_spacing"][0])
    assert f"{millimetres:.1f} mm" == spoken


def test_window_functions_are_those_of_the_standard(daemon, visitor):
    """LINEAR, LINEAR_EXACT and SIGMOID (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    found = Viewer(daemon, visitor, "CT").page.evaluate(
        """async () => {
          const { shareOf } = await import("/static/viewer/windowing.js");
          const values = [-2000, -160, 0, 39.5, 40, 239.5, 240, 3000];
          const names = ["linear", "linear-exact", "sigmoid"];
          return names.map((name) => values.map((it) => shareOf(it, { centre: 40, width: 400, function: name })));
        }"""
    )
    values = np.array([-2000, -160, 0, 39.5, 40, 239.5, 240, 3000])
    expected = [
        np.clip((values - 39.5) / 399 + 0.5, 0, 1),
        np.clip((values - 40) / 400 + 0.5, 0, 1),
        1 / (1 + np.exp(-4 * (values - 40) / 400)),
    ]

    assert np.allclose(expected, found)


def test_sides_of_the_patient_are_named(daemon, visitor):
    """From the directions of rows and columns."""
    found = Viewer(daemon, visitor, "CT").page.evaluate(
        """async () => {
          const { sidesOf, cut } = await import("/static/viewer/geometry.js");
          const image = { columns: 100, rows: 100, patient_orientation: [] };
          const axial = { image, orientation: [1, 0, 0, 0, 1, 0], position: [0, 0, 30], space: "1", spacing: [1, 1] };
          const coronal = { ...axial, orientation: [1, 0, 0, 0, 0, -1], position: [0, 40, 100] };
          const said = { image: { ...image, patient_orientation: ["P", "F"] } };
          return [sidesOf(axial), sidesOf(coronal), sidesOf(said), cut(axial, coronal), cut(axial, axial)];
        }"""
    )

    assert [
        {"top": "A", "right": "L", "bottom": "P", "left": "R"},
        {"top": "H", "right": "L", "bottom": "F", "left": "R"},
        {"top": "H", "right": "P", "bottom": "F", "left": "A"},
    ] == found[:3]
    assert [[[0, 40], [100, 40]], None] == found[3:]


def test_elements_are_searched(daemon, visitor):
    """In the viewer's panel, sequences unfolded to what is found."""
    viewer = Viewer(daemon, visitor, "CT")
    viewer.press("t")
    page = viewer.page
    page.locator("#tags .tag").first.wait_for()
    page.locator("#tags-search").fill("slice thick")
    shown = page.locator("#tags .tag:visible .tag-name").all_inner_texts()
    assert ["Slice Thickness"] == shown
    page.locator("#tags-search").fill("scheduled procedure step id")
    assert any("Scheduled Procedure Step ID" in text for text in page.locator("#tags .tag:visible").all_inner_texts())
    page.locator("#tags [data-close]").click()
    assert page.locator("#tags").is_hidden()


def test_colours_are_shown_as_they_are(daemon, visitor):
    """An ultrasound image has no window."""
    viewer = Viewer(daemon, visitor, "US", image=2)
    viewer.press("o")
    series = viewer.series[0]["series_instance_uid"]
    images = json.loads(get(daemon, f"{STUDIES}/{viewer.study}/series/{series}/images"))["images"]
    image = next(one for one in images if one["sop_instance_uid"] == viewer.said("instance"))
    raw = get(daemon, f"{STUDIES}/{viewer.study}/instances/{viewer.said('instance')}/frames/1")
    red = np.frombuffer(raw, np.uint8).reshape(image["rows"], image["columns"], -1)[..., 0]

    assert ("", "") == (viewer.said("centre"), viewer.said("width"))
    assert np.array_equal(red, placed(red, viewer.canvas()))


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800), (1600, 900)])
def test_the_viewer_fits_every_window(daemon, visitor, width, height):
    """Nothing reaches beyond it, and the image keeps most of the room."""
    viewer = Viewer(daemon, visitor, "CT", width=width, height=height, scheme="dark")
    beyond = viewer.page.evaluate(
        "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
    )
    box = viewer.page.locator(CANVAS.format(0)).bounding_box()
    keep_picture(viewer.page, f"viewer-{width}")

    assert [0, 0] == beyond
    assert box["width"] * box["height"] > width * height * 0.4


def _orientation(viewer: Viewer, series: dict) -> tuple:
    uid = series["series_instance_uid"]
    (image, *_) = json.loads(get(viewer.daemon, f"{STUDIES}/{viewer.study}/series/{uid}/images"))["images"]
    return tuple(image["frame"]["orientation"] or ()), image["frames"]
