"""The platforms that exist. One line each; only ``bot.app`` and ``bot.settings`` may ask."""

from collections.abc import Mapping

from adapters.cutover import PLATFORM as CUTOVER
from adapters.local import PLATFORM as LOCAL
from adapters.playbooks import PLATFORM as PLAYBOOKS
from adapters.protocol import Platform
from adapters.runrunit import PLATFORM as RUNRUNIT
from adapters.tines import PLATFORM as TINES
from adapters.xurrent import PLATFORM as XURRENT

PLATFORMS: Mapping[str, Platform] = {
    platform.kind: platform
    for platform in (
        CUTOVER,
        PLAYBOOKS,
        TINES,
        XURRENT,
        RUNRUNIT,
        LOCAL,
    )
}
