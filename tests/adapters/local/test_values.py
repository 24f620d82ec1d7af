"""Values for a run (``--set``), and the example in the documentation."""

import re
from pathlib import Path

import pytest

from adapters.errors import Rejected
from adapters.local import LocalAdapter
from adapters.local.markdown import read
from tests.adapters.local.acting import a_start, mark, started

PAGE = Path(__file__).parents[3] / "docs" / "platforms" / "local.md"


def test_the_documented_example_is_sound() -> None:
    (example,) = re.findall(r"^````markdown\n(.*?)^````$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    said = read(example, "x")
    assert (said.title, said.stages, said.troubles) == ("Database failover", ("Triage", "Fail over"), ())
    assert [step.after for step in said.steps] == [(), (), (0, 1), (2,)]
    assert (said.steps[0].assignees, said.steps[0].command) == (("ana",), "pg_isready -h db-1.internal -t 5")


async def test_values_fill_the_text_and_unknown_ones_are_refused(local: LocalAdapter, folder: Path) -> None:
    (folder / "cert.md").write_text(
        "# Cert\n- [ ] Renew {{ host }}\n  ```\n  certbot {{host}} '{{.Names}}' {{other}}\n  ```\n"
    )
    run = await started(local, "cert.md", options={"host": "www.example.org"})
    assert run.tasks[0].title == "Renew www.example.org"
    assert run.tasks[0].command == "certbot www.example.org '{{.Names}}' {{other}}"
    with pytest.raises(Rejected) as refused:
        await local.execute(a_start("cert.md", options={"hots": "x"}), mark())
    assert refused.value.facts["known"] == "host, other"
    with pytest.raises(Rejected, match=r"local\.no_values"):
        await local.execute(a_start(options={"host": "x"}), mark())
