"""The portal's sending loop in a process of its own, as a worker's task runs it: `python -m tests.bench.sender`.

Each line on standard input is one round of `sms.send_loop.work`; the answer says when it began and what it cost.
"""

import gc
import json
import resource
import sys
import time

import django


def main() -> None:
    django.setup()
    from sms import tasks
    from sms.queueing import send_loop

    tasks.load_early()
    gc.freeze()
    for _ in sys.stdin:
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.time()
        sent = send_loop.work()
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(json.dumps({"began": began, "ended": time.time(), "sent": sent, "cpu": cpu}), flush=True)


if __name__ == "__main__":
    main()
