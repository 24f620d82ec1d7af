"""Our token's user writes for everybody, so a signature says who it was. Other users' signatures say nothing."""

import pytest

from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.writes import NOTE, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio


@contract([Op.COMMENT])
async def test_a_signature_that_somebody_else_typed_is_not_believed(harness: Harness, op: Op) -> None:
    pending = await new_write(harness, op, text=NOTE)
    await pending.execute()
    run = pending.write.run_id
    if not harness.copy_comment(run):
        pytest.skip("the platform does not say who wrote a comment")
    for adapter in (harness.adapter, harness.connect()):
        comments = [comment for comment in await adapter.comments(run, None) if NOTE in comment.text]
        assert [comment.by.startswith("Ben") for comment in comments] == [False, True]
    ours, _ = (comment.by for comment in await harness.adapter.comments(run, None) if NOTE in comment.text)
    assert ours == pending.marker.who
