"""Who runs a periodic job now, and when it last ran."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from tenants import clock


class PeriodicRun(models.Model):
    """One exclusive job, taken by a conditional update so that two schedulers are harmless."""

    name = models.CharField(primary_key=True, max_length=64)
    holder = models.CharField(max_length=64, blank=True, default="")
    until = models.DateTimeField(null=True, blank=True)
    last_run = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def take(cls, name: str, holder: str, *, every: timedelta, hold: timedelta) -> bool:
        """Take the job if nobody holds it and it last ran at least `every` ago."""
        now = clock.now()
        cls.objects.get_or_create(name=name)
        free = Q(until=None) | Q(until__lt=now)
        due = Q(last_run=None) | Q(last_run__lte=now - every)
        return cls.objects.filter(free, due, name=name).update(holder=holder, until=now + hold, last_run=now) == 1

    @classmethod
    def give_back(cls, name: str, holder: str, *, unfinished: bool = False) -> None:
        """Release the job, if it is still ours; one that is not finished is due again at once."""
        again = {"last_run": None} if unfinished else {}
        cls.objects.filter(name=name, holder=holder).update(holder="", until=None, **again)
