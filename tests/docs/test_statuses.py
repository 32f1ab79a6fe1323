"""docs/statuses.md is what the table of transitions says (decision 11)."""

import pytest
from django.core.management import CommandError, call_command

from orders.management.commands import statechart


def test_the_page_is_up_to_date():
    call_command("statechart", check=True)


def test_a_page_that_lags_is_noticed_and_written_anew(tmp_path, monkeypatch):
    page = tmp_path / "statuses.md"
    page.write_text(statechart.render().replace("| `queued` | `held` | the engine | Pending |\n", ""))
    monkeypatch.setattr(statechart, "PAGE", page)

    with pytest.raises(CommandError, match="out of date"):
        call_command("statechart", check=True)
    call_command("statechart")
    call_command("statechart", check=True)
