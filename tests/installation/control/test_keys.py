from types import SimpleNamespace

import pytest

from installation.control.keys import KEYS, Keys

pygame = pytest.importorskip("pygame")


def press(key, text="", mod=0):
    return SimpleNamespace(type=pygame.KEYDOWN, key=key, unicode=text, mod=mod)


def click(x_px, y_px, button=1):
    return SimpleNamespace(type=pygame.MOUSEBUTTONDOWN, button=button, pos=(x_px, y_px))


def said(keys, *events):
    return [(each.knob, each.value) for each in keys.translate(events, size_px=(200, 100), now_s=1.0)]


@pytest.mark.parametrize(
    ("key", "text", "meant"),
    [
        (pygame.K_SPACE, " ", ("pause", None)),
        (pygame.K_RIGHT, "", ("next", None)),
        (pygame.K_n, "n", ("next", None)),
        (pygame.K_LEFT, "", ("previous", None)),
        (pygame.K_1, "1", ("scene", "map")),
        (pygame.K_2, "2", ("scene", "grid")),
        (pygame.K_KP3, "3", ("scene", "wall")),
        (pygame.K_a, "a", ("scene", "auto")),
        (pygame.K_0, "0", ("scene", "auto")),
        (pygame.K_ESCAPE, "", ("quit", None)),
        (pygame.K_q, "q", ("quit", None)),
    ],
)
def test_a_key_says_what_the_help_says(key, text, meant):
    assert said(Keys(), press(key, text)) == [meant]


def test_a_click_seeds_the_song_under_the_pointer():
    places = []
    keys = Keys(pick=lambda x, y: places.append((x, y)) or "abc")
    assert said(keys, click(50, 25)) == [("seed", "abc")]
    assert places == [(0.25, 0.25)]
    assert said(Keys(), click(50, 25)) == []
    assert said(keys, click(50, 25, button=3)) == []


def test_typing_a_search_seeds_its_text_and_steers_nothing_else():
    keys = Keys()
    assert said(keys, press(pygame.K_SLASH, "/")) == []
    assert keys.typed == ""
    for char in "nq 1x":
        assert said(keys, press(ord(char), char)) == []
    said(keys, press(pygame.K_BACKSPACE, "\b"))
    assert keys.typed == "nq 1"
    assert said(keys, press(pygame.K_RETURN, "\r")) == [("seed", "nq 1")]
    assert keys.typed is None


def test_escape_leaves_a_search_before_it_leaves_the_show():
    keys = Keys()
    said(keys, press(pygame.K_SLASH, "/"), press(pygame.K_x, "x"))
    assert said(keys, press(pygame.K_ESCAPE)) == []
    assert keys.typed is None
    assert said(keys, press(pygame.K_ESCAPE)) == [("quit", None)]


def test_an_empty_search_asks_for_nothing():
    assert said(Keys(), press(pygame.K_SLASH, "/"), press(pygame.K_RETURN, "\r")) == []


def test_r_asks_for_any_song_and_up_and_down_turn_the_volume():
    keys = Keys(any_song=lambda: "xyz", volume=lambda: 0.5)
    assert said(keys, press(pygame.K_r, "r")) == [("seed", "xyz")]
    assert said(keys, press(pygame.K_UP)) == [("volume", 0.55)]
    assert said(Keys(volume=lambda: 1.0), press(pygame.K_UP)) == [("volume", 1.0)]


def test_f_and_the_close_button_are_for_the_window():
    keys = Keys()
    assert said(keys, press(pygame.K_f, "f")) == []
    assert keys.fullscreen_wanted == 1
    assert said(keys, SimpleNamespace(type=pygame.QUIT)) == [("quit", None)]


def test_keys_held_with_control_or_alt_belong_to_the_system():
    assert said(Keys(), press(pygame.K_q, "q", pygame.KMOD_ALT), press(pygame.K_n, "", pygame.KMOD_LCTRL)) == []


def test_the_help_names_every_key_once():
    assert len({keys for keys, _ in KEYS}) == len(KEYS)


@pytest.mark.parametrize("touch", [False, True])
def test_over_the_test_picture_a_click_or_a_finger_takes_a_corner_that_follows_until_it_is_let_go(touch):
    def moved(x_px, y_px):
        return pygame.event.Event(pygame.MOUSEMOTION, pos=(x_px, y_px), rel=(1, 1), buttons=(1, 0, 0), touch=touch)

    def press_at(x_px, y_px):
        return pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(x_px, y_px), button=1, touch=touch)

    def pin(number, corner, x, y):
        return (f"output_{number}", f"{corner} at {x} {y}")

    testing = [True]
    keys = Keys(pick=lambda _x, _y: "abc", testing=lambda: testing[0], corner=lambda x, _y: (2, 1) if x > 0.5 else None, pin=pin)
    assert said(keys, moved(180, 20)) == []
    assert said(keys, press_at(180, 20), moved(160, 50)) == [("output_2", "1 at 0.8 0.5")]
    let_go = pygame.event.Event(pygame.MOUSEBUTTONUP, pos=(160, 50), button=1)
    assert said(keys, let_go, moved(140, 50)) == []
    assert said(keys, press_at(20, 20), moved(160, 50)) == []
    testing[0] = False
    assert said(keys, click(180, 20)) == [("seed", "abc")]


def test_t_shows_the_test_picture_and_ends_it():
    assert said(Keys(testing=lambda: False), press(pygame.K_t, "t")) == [("test_picture", True)]
    assert said(Keys(testing=lambda: True), press(pygame.K_t, "t")) == [("test_picture", False)]


def test_dragging_beside_the_songs_or_with_the_right_button_flies_and_the_wheel_comes_nearer():
    asked = []

    def fly(across, down, closer):
        asked.append((across, down, closer))
        return (("look_x", 0.25), ("look_zoom", 1.0))

    keys = Keys(pick=lambda x, _y: "a" if x < 0.5 else None, fly=fly)

    def move(x_px, y_px):
        return pygame.event.Event(pygame.MOUSEMOTION, pos=(x_px, y_px), rel=(1, 1), buttons=(1, 0, 0))

    let_go = pygame.event.Event(pygame.MOUSEBUTTONUP, pos=(0, 0), button=1)
    assert [each.knob for each in keys.translate([click(10, 10), move(60, 10), let_go], size_px=(100, 100), now_s=1.0)] == [
        "seed"
    ]
    assert asked == []
    made = keys.translate([click(80, 50), move(70, 60), move(60, 75), let_go, move(10, 10)], size_px=(100, 100), now_s=1.0)
    assert [(each.knob, each.value) for each in made] == [("look_x", 0.25), ("look_zoom", 1.0)]
    assert asked == [pytest.approx((-0.2, 0.25, 0.0))]
    keys.translate([click(10, 10, button=3), move(20, 10)], size_px=(100, 100), now_s=1.0)
    assert asked[-1] == pytest.approx((0.1, 0.0, 0.0))
    keys.translate([pygame.event.Event(pygame.MOUSEWHEEL, x=0, y=2)], size_px=(100, 100), now_s=1.0)
    assert asked[-1] == pytest.approx((0.0, 0.0, 0.7))
