"""`manage.py reset_password`: a one-time link by which a person sets a new password, for servers without mail."""

from argparse import ArgumentParser
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.management.base import BaseCommand, CommandError

from tenants import audit, links
from tenants.audit import Actor
from tenants.models import User


class Command(BaseCommand):
    help = "Print a one-time link to set a new password. A second factor stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the person's e-mail address")

    def handle(self, *args: object, **options: Any) -> None:
        email = str(options["email"]).strip().lower()
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {email}. Check the address.")
        if not user.is_active:
            raise CommandError(f"{email} may not sign in. Enable the person under Administrators first.")
        link = links.absolute(
            "account_reset_password_from_key", user_pk_to_url_str(user), default_token_generator.make_token(user)
        )
        audit.record(Actor(label="Command line"), "tenants.password.link_made", user, tenant=None)
        self.stdout.write(f"Give this link to {email}. It works once:\n{link}")
