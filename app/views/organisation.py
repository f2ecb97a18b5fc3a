"""Signing in by the lab's organisation (OpenID Connect), as Streamlit does it for `st.login`.

`st.login` guards pages only. Its signed cookie is read here with the same secret, so that the
data routes know the same person. It is configured as Streamlit says, in `.streamlit/secrets.toml`
with a section [auth], and needs Authlib. These functions of Streamlit are not promised to stay:
without them nobody comes in this way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from urllib.parse import quote

from app.server.sign_in_cookie import LASTS_S, is_ended
from app.workplace import workplace

COOKIE = "_streamlit_user"
PROVIDER = "default"
TRUST_VARIABLE = "ETHOSCRIBE_TRUST_EMAIL"


def is_configured() -> bool:
    """Whether [auth] names a provider and a secret for the cookies, and Authlib is there."""
    try:
        from streamlit.auth_util import get_secrets_auth_section, is_authlib_installed
    except ImportError:
        return False
    section = get_secrets_auth_section()
    needed = ("redirect_uri", "cookie_secret", "client_id", "server_metadata_url")
    return bool(section) and all(section.get(name) for name in needed) and is_authlib_installed()


def email_of(cookies: Mapping[str, str]) -> str | None:
    """The e-mail address that the organisation vouches for; None without a fresh, true cookie."""
    from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri

    if is_ended(workplace().study, cookies.get(COOKIE, "")):
        return None
    text = get_cookie_with_chunks(lambda name: _signed(cookies, name), COOKIE)
    try:
        facts = json.loads(text or b"null")
    except ValueError:
        return None
    if not isinstance(facts, dict) or not facts.get("is_logged_in"):
        return None
    if facts.get("origin") != get_origin_from_redirect_uri() or not _is_verified(facts):
        return None
    email = facts.get("email")
    return email if isinstance(email, str) else None


def _is_verified(facts: Mapping[str, object]) -> bool:
    """Whether the organisation says that the address is the person's own.

    Where anybody may enter any address, an unverified one would let them in as somebody else. Some
    providers never say so though their addresses are given out by the organisation: for these the
    variable lets pass what is not said, but never what is denied.
    """
    trusted = os.environ.get(TRUST_VARIABLE, "") == "1"
    return facts.get("email_verified", trusted) is True


def login_address() -> str:
    """Where a browser goes to sign in; good for two minutes."""
    from streamlit.auth_util import encode_provider_token

    return f"/auth/login?provider={quote(encode_provider_token(PROVIDER))}"


def _signed(cookies: Mapping[str, str], name: str) -> bytes | None:
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

    value = cookies.get(name)
    days = LASTS_S / 86400
    return decode_signed_value(get_cookie_secret(), name, value, days) if value else None
