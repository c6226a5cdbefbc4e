"""`manage.py create_system_administrator`: let a person administer the whole portal."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from tenants import administrators
from tenants.audit import Actor
from tenants.models import User

ACTOR = Actor(label="Command line")


class Command(BaseCommand):
    help = "Print a one-time link that makes its opener a system administrator; with --password ask for a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the person's e-mail address")
        parser.add_argument("--name", default="", help="the person's name, with --password")
        parser.add_argument("--password", action="store_true", help="ask for a password now instead of printing a link")

    def handle(self, *args: object, **options: Any) -> None:
        email = str(options["email"]).strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an e-mail address. Write it as name@example.com.") from error
        if options["password"]:
            self._with_password(email, options["name"])
        else:
            self._with_link(email)

    def _with_link(self, email: str) -> None:
        try:
            invited = administrators.invite(ACTOR, email=email)
        except administrators.AdministratorError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Give this link to {email}. It works once, for seven days:\n{invited.link}")

    def _with_password(self, email: str, name: str) -> None:
        if User.objects.filter(email=email).exists():
            raise CommandError(f"{email} has a sign-in already. Leave --password out: the link gives the right to it.")
        password = getpass.getpass("Password: ")
        try:
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if getpass.getpass("Once more: ") != password:
            raise CommandError("The two passwords differ. Try again.")
        administrators.create_system_administrator(ACTOR, email=email, name=name, password=password)
        self.stdout.write(f"{email} is a system administrator and can sign in.")
