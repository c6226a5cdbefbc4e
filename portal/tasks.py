"""What runs by the clock for the portal as a whole."""

from celery import shared_task


@shared_task(name="maint.demo_text")
def demo_text() -> bool:
    """Let a phone of the demo text a company now and then."""
    from portal import demo

    return demo.text_in()
