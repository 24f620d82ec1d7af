"""The runbooks in the pictures, as files of the local platform."""

from pathlib import Path

SEVEN = """# Database failover

## Triage
- [ ] Confirm the primary is down

  Ask from two zones before you believe it.

  ```sh
  pg_isready -h db-1.internal
  ```
- [ ] Page the DBA

  If nobody answers within five minutes, page the second line:

  ```sh
  page dba-secondary --reason "primary down"
  ```

## Fail over
- [ ] Promote the replica (after: Confirm the primary is down; Page the DBA)
- [ ] Repoint the app (after: Promote the replica)

## Make it safe again
- [ ] Check that writes work (after: Repoint the app)
- [ ] Repoint backups and alerts (after: Promote the replica)
- [ ] Rebuild the old primary as a replica (after: Check that writes work)
"""
TITLES = """# Strange names

## First *stage* <!channel>
- [ ] Say *hi* to <!channel> & @here `now` :fire:
- [ ] Ask the vendor of the third-party payment gateway whether the certificate that they replaced on Tuesday is \
the one that our proxies pin, and what to do with the old one until the end of the month
- [ ] تحقق من أن قاعدة البيانات الأساسية متوقفة
- [ ] בדוק שהכתיבה עובדת db-1.internal
- [ ] 🚒 Call the 🧯 team 👩‍🚒🏽
- [ ] rm -rf /var/lib/__cache__/*.tmp ~/old
"""
HANDOVER = """# Handover

- [ ] Confirm the primary is down
- [ ] Page the DBA
- [ ] Promote the replica (after: Confirm the primary is down)
"""
STEPS = """# Rotate the certificate

- [ ] Replace the certificate

  Do it **one proxy at a time**, and tell nobody with @channel before it works. The
  [rotation guide](https://wiki.example.com/tls) has the reasons.

  1. Copy it to the proxy:

     ```sh
     scp new.pem "proxy-1:/etc/ssl/private/"
     ssh proxy-1 'nginx -t  &&  systemctl reload nginx'
     ```
  2. Look at what is served now, with `-servername` as clients send it:

     ```sh
     openssl s_client -connect proxy-1:443 -servername www.example.com </dev/null | openssl x509 -noout -enddate
     ```
     - a date in the past: go back to step 1
     - no answer: *stop here*

  | Proxy | Zone | Owner |
  |---|---|---|
  | `proxy-1` | eu-west-1a | network |
  | `proxy_2_old` | eu-west-1b | ~~network~~ nobody |

  > The old certificate stays valid for 24 hours (see https://wiki.example.com/tls_(old)).
- [ ] Tell the support team
"""
_STAGES = ("Decide and announce", "Drain eu-west-1", "Databases", "Traffic", "Batch and queues", "Verify")


def write_runbooks(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "seven.md").write_text(SEVEN)
    (folder / "handover.md").write_text(HANDOVER)
    (folder / "steps.md").write_text(STEPS)
    (folder / "titles.md").write_text(TITLES)
    for count, title in ((12, "Certificate renewal"), (60, "Region evacuation"), (200, "Data centre move")):
        (folder / f"{count}.md").write_text(_long(title, count))


def _long(title: str, count: int) -> str:
    """Every second task waits for the one before it."""
    stages = _STAGES[: max(2, min(6, count // 10))]
    lines = [f"# {title}"]
    each = count // len(stages)
    number = 0
    for index, stage in enumerate(stages):
        lines += ["", f"## {stage}"]
        for _ in range(each if index < len(stages) - 1 else count - number):
            number += 1
            after = f" (after: Step {number - 1:03} of {title.lower()})" if number % 2 == 0 else ""
            lines.append(f"- [ ] Step {number:03} of {title.lower()}{after}")
    return "\n".join(lines) + "\n"
