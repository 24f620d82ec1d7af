"""The contract suite, for the platforms that come with Liaison."""

from adapters.testing.suite.test_authors import *  # noqa: F403
from adapters.testing.suite.test_changed_there import *  # noqa: F403
from adapters.testing.suite.test_changes import *  # noqa: F403
from adapters.testing.suite.test_complete_results import *  # noqa: F403
from adapters.testing.suite.test_failures import *  # noqa: F403
from adapters.testing.suite.test_fields import *  # noqa: F403
from adapters.testing.suite.test_foreign_edits import *  # noqa: F403
from adapters.testing.suite.test_late_execution import *  # noqa: F403
from adapters.testing.suite.test_late_reads import *  # noqa: F403
from adapters.testing.suite.test_links import *  # noqa: F403
from adapters.testing.suite.test_lost_remarks import *  # noqa: F403
from adapters.testing.suite.test_outcomes import *  # noqa: F403
from adapters.testing.suite.test_reads import *  # noqa: F403
from adapters.testing.suite.test_writes import *  # noqa: F403
