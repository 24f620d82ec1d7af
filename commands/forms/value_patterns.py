"""The patterns of values in the forms that were opened, so that a value that doesn't match is shown at its field.

They are only remembered: a start through a form of another process is refused by the platform instead.
"""

from collections import OrderedDict
from collections.abc import Mapping

from adapters.toolkit.patterns import matches
from commands.forms.submission import FormErrors
from commands.model.card import Form
from commands.model.form import Values
from commands.text.catalogue import plain_text, translate

_MOST = 500  # runbooks


class ValuePatterns:
    def __init__(self) -> None:
        self._patterns: OrderedDict[str, Mapping[str, str]] = OrderedDict()  # runbook -> field -> pattern

    def remember(self, form: Form) -> None:
        found = {field.name: field.pattern for field in form.fields if field.pattern}
        runbook = next((field.value for field in form.fields if field.name == "runbook"), "")
        if found and runbook:
            self._patterns[runbook] = found
            self._patterns.move_to_end(runbook)
        if len(self._patterns) > _MOST:
            self._patterns.popitem(last=False)

    def check(self, values: Values) -> FormErrors | None:
        """None where every value matches, as far as is known."""
        patterns = self._patterns.get(values.get("runbook", ""), {})
        wrong = {name: pattern for name, pattern in patterns.items() if not matches(pattern, values.get(name, ""))}
        errors = {name: plain_text(translate("form.no_match", pattern=pattern)) for name, pattern in wrong.items()}
        return FormErrors(errors) if errors else None
