"""The nightly batch: forgets searches that were counted long ago."""

from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from pages.models import Search


class Command(BaseCommand):
    help = "Removes counted searches that are older than --days."

    def add_arguments(self, parser):
        parser.add_argument("--days", type=int, default=30)

    def handle(self, *, days: int, **_):
        gone, _ = Search.objects.filter(counted_at__lt=timezone.now() - timedelta(days=days)).delete()
        self.stdout.write(f"{gone} searches forgotten")
