"""The SoPrincipal agent: signing in, and what the gateway says of itself."""

from __future__ import annotations

from heliograph.core.errors import NotAuthenticated
from heliograph.core.people import User
from heliograph.core.ports import Call
from heliograph.intake.carriers import Authentication, SoCredentials, SoPrincipalCarrier, SoSystemInfoCarrier
from heliograph.intake.sign_in import SignIn


class PrincipalService:
    """The methods of the SoPrincipal agent. Their caller is nobody, in the company the path names."""

    def __init__(self, sign_in: SignIn, version: str) -> None:
        self._sign_in = sign_in
        self._version = version

    async def authenticate_username_password(self, call: Call, *, user_name: str, password: str) -> Authentication:
        """A ticket, or `authentication_succeeded` False; never an error that tells what was wrong."""
        try:
            company = await self._sign_in.company(call.caller.company_id)
        except NotAuthenticated:
            return Authentication()
        found = await self._sign_in.by_password(company.id, user_name, password)
        if found is None:
            return Authentication()
        user, ticket = found
        return Authentication(
            response=_principal(user), credentials=SoCredentials(ticket=ticket), authentication_succeeded=True
        )

    async def authenticate_implicit(self, call: Call) -> Authentication:
        """Never succeeds: the transport vouches for nobody here (contract section 8)."""
        return Authentication()

    async def authenticate_generic(self, call: Call, *, authentication_data: dict[str, str]) -> Authentication:
        """As with user name and password, when the values named UserName and Password are there; else no success."""
        user_name, password = (authentication_data.get(key) for key in ("UserName", "Password"))
        if user_name is None or password is None:
            return Authentication()
        return await self.authenticate_username_password(call, user_name=user_name, password=password)

    async def authenticate_with_access_token(self, call: Call, *, access_token: str) -> Authentication:
        """A ticket that may do what the token may, and ends with it; or no success."""
        try:
            user, ticket = await self._sign_in.exchange(access_token.strip(), tenant=call.caller.company_id or None)
        except NotAuthenticated:
            return Authentication()
        return Authentication(
            response=_principal(user) if user is not None else _MACHINE,
            credentials=SoCredentials(ticket=ticket),
            authentication_succeeded=True,
        )

    async def get_system_info(self, call: Call) -> SoSystemInfoCarrier:
        """Company and product version; needs no ticket."""
        company = await self._sign_in.company(call.caller.company_id)
        return SoSystemInfoCarrier(company_name=company.name, company_id=company.id, product_version=self._version)


#: An access token that is no user's.
_MACHINE = SoPrincipalCarrier(user_type="SystemAssociate", is_person=False, role_type="System")


def _principal(user: User) -> SoPrincipalCarrier:
    return SoPrincipalCarrier(
        associate=user.user_name,
        associate_id=user.associate_id,
        full_name=user.full_name,
        e_mail_address=user.email,
        role_name=user.role.value,
    )
