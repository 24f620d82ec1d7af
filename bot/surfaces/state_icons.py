"""The pictures that chats show before a task. The state's name always stands beside them."""

from collections.abc import Mapping

from adapters.models import TaskState

STATE_ICONS: Mapping[TaskState, str] = {
    TaskState.WAITING: "⏳",
    TaskState.READY: "⚪",
    TaskState.RUNNING: "🔵",
    TaskState.HELD: "⛔",
    TaskState.DONE: "✅",
    TaskState.SKIPPED: "⏭️",
    TaskState.FAILED: "❌",
}
