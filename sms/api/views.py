"""Messages for programs: send one, read one, list them."""

import math
import uuid
from datetime import UTC

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from sms import outbound
from sms.api.serializers import MessageIn, MessageOut, MessagePage
from sms.models import Direction
from tenants import clock, keyset
from tenants.api_access import ApiRequest, api_endpoint
from tenants.api_errors import Problem
from tenants.roles import Permission

_REFUSAL_STATUS = {"idempotency_conflict": 409}
_KEY_LENGTH = 200


@extend_schema(
    methods=["POST"],
    operation_id="send_message",
    request=MessageIn,
    responses={202: MessageOut},
    parameters=[
        OpenApiParameter(
            "Idempotency-Key", str, OpenApiParameter.HEADER, description="Same key and body: same answer, for 7 days."
        ),
    ],
)
@extend_schema(
    methods=["GET"],
    operation_id="list_messages",
    responses={200: MessagePage},
    parameters=[
        OpenApiParameter("direction", str, enum=["in", "out"]),
        OpenApiParameter("before", str, description="Cursor from `next`."),
    ],
)
@api_endpoint(["GET", "POST"], Permission.MESSAGES_VIEW)
def message_collection(request: ApiRequest) -> Response:
    """Send a text (POST), or list messages, newest first (GET)."""
    return _send(request) if request.method == "POST" else _list(request)


def _send(request: ApiRequest) -> Response:
    given = MessageIn(data=request.data)
    given.is_valid(raise_exception=True)
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > _KEY_LENGTH:
        raise Problem(400, "idempotency_key", "Idempotency-Key has at most 200 characters.")
    try:
        message = outbound.send(
            request.actor,
            request.tenant,
            to=given.validated_data["to"],
            body=given.validated_data["body"],
            sender=given.validated_data["sender"],
            author_label=request.actor.label,
            api_key=request.auth,
            idempotency_key=f"api-{key}" if key else None,
            source="api",
            bulk=given.validated_data["priority"] == "bulk",
        )
    except outbound.OverLimit as error:
        raise _over_limit(error) from error
    except outbound.RuleDenied as error:
        raise Problem(422, error.code, str(error), rule=error.rule) from error
    except outbound.SendRefused as error:
        raise Problem(_REFUSAL_STATUS.get(error.code, 422), error.code, str(error)) from error
    return Response(MessageOut(message).data, status=status.HTTP_202_ACCEPTED)


def _over_limit(error: outbound.OverLimit) -> Problem:
    """Say which limit is reached and when texts are taken again; `Retry-After` says it in seconds."""
    window = error.window
    resets_at = window.resets_at.astimezone(UTC)
    problem = Problem(429, error.code, str(error), limit=window.limit, resets_at=f"{resets_at:%Y-%m-%dT%H:%M:%SZ}")
    problem.wait = max(1, math.ceil((resets_at - clock.now()).total_seconds()))
    return problem


def _list(request: ApiRequest) -> Response:
    rows = request.tenant.messages.defer("raw", "decision")
    direction = request.query_params.get("direction", "")
    if direction:
        if direction not in Direction.values:
            raise Problem(400, "direction", "direction is in or out.")
        rows = rows.filter(direction=direction)
    page = keyset.page(rows, request._request, among=request.tenant.messages.all() if direction else None)
    return Response({"results": MessageOut(page.rows, many=True).data, "next": page.older_url or None})


@extend_schema(operation_id="read_message", responses={200: MessageOut})
@api_endpoint(["GET"], Permission.MESSAGES_VIEW)
def message_resource(request: ApiRequest, message_id: uuid.UUID) -> Response:
    """Read one message."""
    message = get_object_or_404(request.tenant.messages.defer("raw"), pk=message_id)
    return Response(MessageOut(message).data)
