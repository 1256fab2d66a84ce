"""What all authentication views have in common."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class UncachedView(APIView):
    """A view whose answers no cache may keep."""

    def finalize_response(self, request: Request, response: Response, *args, **kwargs) -> Response:
        """Add `Cache-Control: no-store`, to refusals too."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class PublicView(UncachedView):
    """A view that judges what is in its body, not who sent it: credentials in headers are not even read.

    No authenticator runs, so it names the challenge of its 401 answers itself.
    """

    authentication_classes = []
    permission_classes = []

    def get_authenticate_header(self, request: Request) -> str:
        """The challenge that goes with a 401."""
        return "Bearer"
