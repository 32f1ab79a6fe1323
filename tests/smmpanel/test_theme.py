"""Light, dark or auto: remembered in a cookie, without JavaScript, readable in both (R60)."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "smmpanel" / "static" / "css" / "tokens.css"
PAPER = ("bg", "surface", "surface-2")
READABLE = [  # text, what lies below it
    *((ink, paper) for ink in ("text", "text-2", "accent", "accent-strong") for paper in PAPER),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent-strong", "accent-soft"),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "info", "idle")),
    *((tone, "surface") for tone in ("good", "warn", "bad", "info", "idle")),
    *(("text", f"{tone}-soft") for tone in ("good", "warn", "bad", "info")),
]
VISIBLE = [("line-strong", paper) for paper in ("bg", "surface")]  # the edge of a field: 3:1 (WCAG 1.4.11)


class TestTheSwitch:
    @pytest.mark.parametrize("theme", ["light", "dark", "auto"])
    def test_the_choice_is_on_the_next_page(self, client, theme):
        answer = client.post("/theme", {"theme": theme, "next": "/accounts/login/?next=/x"})

        assert answer.headers["Location"] == "/accounts/login/?next=/x"
        assert f'data-theme="{theme}"' in client.get("/").content.decode()

    def test_without_a_choice_the_system_decides(self, client):
        assert 'data-theme="auto"' in client.get("/").content.decode()

    def test_the_cookie_is_kept_for_a_year_and_out_of_scripts_reach(self, client):
        cookie = client.post("/theme", {"theme": "dark"}).cookies["theme"]

        assert (cookie["max-age"], cookie["samesite"], cookie["httponly"]) == (365 * 24 * 3600, "Lax", True)

    @pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_it_never_leads_to_another_site(self, client, back):
        assert client.post("/theme", {"theme": "dark", "next": back}).headers["Location"] == "/"

    @pytest.mark.parametrize("back", ["foo", "é", "orders:index", "../orders", "///evil.example", "/\\evil.example"])
    def test_what_is_no_path_of_ours_leads_home(self, client, back):
        answer = client.post("/theme", {"theme": "dark", "next": back})

        assert (answer.status_code, answer.headers["Location"]) == (302, "/")

    def test_a_path_in_any_script_is_followed(self, client):
        answer = client.post("/theme", {"theme": "dark", "next": "/services?q=é"})

        assert answer.headers["Location"] == "/services?q=%C3%A9"

    def test_what_is_no_theme_is_not_remembered(self, client):
        assert not client.post("/theme", {"theme": '"><script>'}).cookies
        client.cookies["theme"] = "purple"
        assert 'data-theme="auto"' in client.get("/").content.decode()


def colours(theme):
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text())
    return {name: (light, dark)[theme] for name, light, dark in found}


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
class TestContrast:
    @pytest.mark.parametrize(("ink", "paper"), READABLE)
    def test_text_can_be_read(self, theme, ink, paper):
        palette = colours(theme)

        assert contrast(palette[ink], palette[paper]) >= 4.5

    @pytest.mark.parametrize(("edge", "paper"), VISIBLE)
    def test_a_fields_edge_can_be_seen(self, theme, edge, paper):
        palette = colours(theme)

        assert contrast(palette[edge], palette[paper]) >= 3


def test_black_on_white_is_21_to_1():
    """The control: the formula's own ends."""
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#ffffff") < 4.5
