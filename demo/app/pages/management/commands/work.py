"""The worker: counts the searches that people made."""

import signal
import threading

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from pages.models import Search, Term
from pages.status import serve
from searchapp.revision import REVISION

# Seconds between looks at the table when there was nothing to do.
PAUSE = 0.5


def count_one() -> bool:
    """Counts one waiting search. False where none waits."""
    with transaction.atomic():
        # Several workers share the table: each skips what another has in hand.
        job = Search.objects.select_for_update(skip_locked=True).filter(counted_at=None).order_by("id").first()
        if job is None:
            return False
        Term.objects.get_or_create(text=job.text)
        Term.objects.filter(text=job.text).update(times=F("times") + 1, counted_by=REVISION)
        job.counted_at = timezone.now()
        job.save(update_fields=["counted_at"])
        return True


class Command(BaseCommand):
    help = "Counts searches until it is told to stop."

    def add_arguments(self, parser):
        parser.add_argument("--status", metavar="HOST:PORT", help="say /revision there")
        parser.add_argument("--once", action="store_true", help="stop when nothing waits")

    def handle(self, *, status: str | None, once: bool, **_):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            # The search in hand is finished first.
            signal.signal(number, lambda *_: stop.set())
        if status:
            serve(status)
        self.stdout.write(f"counting, commit {REVISION}")
        while not stop.is_set():
            try:
                busy = count_one()
            except OperationalError as error:
                # The database restarts now and then; the worker outlives that.
                self.stderr.write(f"database: {error}".strip())
                close_old_connections()
                busy = False
            if not busy and once:
                return
            if not busy:
                stop.wait(PAUSE)
