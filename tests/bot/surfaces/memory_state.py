"""``SurfaceState`` in memory."""

from dataclasses import dataclass, field


@dataclass
class MemoryState:
    """Tests that restart a surface pass the same instance to both."""

    values: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        return self.values.get(name)

    async def put(self, name: str, value: str) -> None:
        self.values[name] = value
