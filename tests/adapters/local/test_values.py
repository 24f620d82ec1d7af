"""Values for a run (``--set``), and the example in the docs."""

import re
from pathlib import Path

import pytest

from adapters.errors import Rejected
from adapters.local.adapter import LocalAdapter
from adapters.local.markdown import parse
from tests.adapters.local.writes import new_marker, start_run, start_write

PAGE = Path(__file__).parents[3] / "docs" / "platforms" / "local.md"


def test_the_example_in_the_docs_has_no_problems() -> None:
    (example,) = re.findall(r"^````markdown\n(.*?)^````$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    parsed = parse(example, "x")
    assert (parsed.title, parsed.stages, parsed.problems) == ("Database failover", ("Triage", "Fail over"), ())
    assert [task.after for task in parsed.tasks] == [(), (), (0, 1), (2,)]
    assert (parsed.tasks[0].assignees, parsed.tasks[0].command) == (("ana",), "pg_isready -h db-1.internal -t 5")


async def test_values_fill_the_text_and_unknown_values_are_refused(local: LocalAdapter, folder: Path) -> None:
    (folder / "cert.md").write_text(
        "# Cert\n- [ ] Renew {{ host }}\n  ```\n  certbot {{host}} '{{.Names}}' {{other}}\n  ```\n"
    )
    run = await start_run(local, "cert.md", options={"host": "www.example.org"})
    assert run.tasks[0].title == "Renew www.example.org"
    assert run.tasks[0].command == "certbot www.example.org '{{.Names}}' {{other}}"
    with pytest.raises(Rejected) as refused:
        await local.execute(start_write("cert.md", options={"hots": "x"}), new_marker())
    assert refused.value.facts["known"] == "host, other"
    with pytest.raises(Rejected, match=r"local\.no_values"):
        await local.execute(start_write(options={"host": "x"}), new_marker())
