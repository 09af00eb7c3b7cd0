"""A few documents, so that there is something to find."""

from django.db import migrations

DOCUMENTS = [
    ("Lighthouses", "A lighthouse shows ships where the coast is. Its lens turns, and each has a rhythm of its own."),
    ("Tides", "The moon pulls the sea up twice a day. Harbours are planned around the tide."),
    ("Sailing ships", "A ship under sail cannot go straight into the wind; it tacks."),
    ("Bridges", "A bridge carries a road over water. Suspension bridges hang from cables."),
    ("Salt marshes", "Between land and sea, salt marshes are flooded by the tide and full of birds."),
    ("Compasses", "The needle of a compass follows the earth's magnetic field, and so do some birds."),
    ("Canals", "A canal lifts ships over hills with locks."),
    ("Clouds", "High thin clouds often tell of wind and rain to come."),
]


def add(apps, _):
    apps.get_model("pages", "Document").objects.bulk_create(
        apps.get_model("pages", "Document")(title=title, body=body) for title, body in DOCUMENTS
    )


class Migration(migrations.Migration):
    dependencies = [("pages", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
