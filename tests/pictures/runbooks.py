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
FOREIGN = """---
inputs:
  pod: {title: Which pod}
  zone: {title: Zone, options: [eu-1, us-1], default: eu-1}
---
# Pods restart again and again

[![build](https://ci.example.com/b.svg)](https://ci.example.com)

A pod is restarted more than five times in ten minutes. Users see **slow pages**.

## Possible causes

1. Not enough memory
2. A broken release

## Diagnosis

- Look at the events of `{{pod}}`:
  ```sh
  kubectl describe pod {{pod}}
  ```
- Read its last lines in the [dashboard](https://grafana.example.com/d/pods)

> **Warning:** the logs have personal data. Don't paste them here.

## Mitigation

### Step 1: Roll back

1. Find the last good release
2. Roll back to it
   ```sh
   kubectl rollout undo deployment/api --to-revision=41
   ```

### Step 2: Tell the others

Say in the incident's channel what you did.

## Contacts

| Team | Phone |
|---|---|
| Platform | 555-0100 |
"""
PROSE = """# Disk is full

What to know when the alert fires.

## Where the space goes

Mostly logs.

## How to make room

Delete those older than a week.
"""
_STAGES = ("Decide and announce", "Drain eu-west-1", "Databases", "Traffic", "Batch and queues", "Verify")


def write_runbooks(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "seven.md").write_text(SEVEN)
    (folder / "handover.md").write_text(HANDOVER)
    (folder / "steps.md").write_text(STEPS)
    (folder / "foreign.md").write_text(FOREIGN)
    (folder / "prose.md").write_text(PROSE)
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
