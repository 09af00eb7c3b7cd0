from django.db import models


class Document(models.Model):
    """What can be found."""

    title = models.CharField(max_length=200)
    body = models.TextField()


class Search(models.Model):
    """A search that someone made: a job for the worker until `counted_at` is set."""

    text = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(counted_at=None), name="search_waiting")]


class Term(models.Model):
    """How often a text was searched for, as the worker counted it."""

    text = models.CharField(max_length=200, unique=True)
    times = models.PositiveIntegerField(default=0)
    # The commit of the worker that counted last.
    counted_by = models.CharField(max_length=40, default="")
