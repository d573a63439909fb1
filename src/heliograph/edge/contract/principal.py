"""The SoPrincipal agent: signing in, and what the gateway says of itself (contract sections 1.3 and 2)."""

from __future__ import annotations

from heliograph.edge.contract.common import CARRIER, SO_CREDENTIALS
from heliograph.edge.contract.licence import GRANTED_MODULE_LICENSE, LICENSE_INFO, USER_TYPE
from heliograph.edge.contract.model import (
    Agent,
    Array,
    Complex,
    Dictionary,
    Enumeration,
    EnumValue,
    Member,
    Operation,
)
from heliograph.edge.contract.scalars import BOOLEAN, DATE_TIME, INT, INTS, STRING, STRINGS
from heliograph.intake import carriers

ROLE_TYPE = Enumeration(
    name="RoleType",
    stored_as="short",
    values=(EnumValue("Employee"), EnumValue("ExternalUser"), EnumValue("Anonymous"), EnumValue("System")),
)
BUILD_TYPE = Enumeration(
    name="NetServerBuildType",
    values=(
        EnumValue("Feature"),
        EnumValue("Stable"),
        EnumValue("Alpha"),
        EnumValue("Beta"),
        EnumValue("ReleaseCandidate"),
        EnumValue("Release"),
    ),
)
EJ_USER_STATUS = Enumeration(
    name="EjUserStatus",
    values=(
        EnumValue("StatusNone"),
        EnumValue("StatusNormal"),
        EnumValue("StatusNotAvailable"),
        EnumValue("StatusDeleted"),
        EnumValue("StatusReadOnly"),
        EnumValue("StatusSpm"),
        EnumValue("StatusSystem", number=127),
    ),
)
PROVIDED_CREDENTIAL = Complex(
    name="ProvidedCredential",
    members=(
        Member("Type", STRING),
        Member("SearchName", STRING),
        Member("DisplayName", STRING),
        Member("CredentialId", INT),
    ),
)
SO_PRINCIPAL_CARRIER = Complex(
    name="SoPrincipalCarrier",
    python=carriers.SoPrincipalCarrier,
    members=(
        Member("UserType", USER_TYPE, "user_type"),
        Member("Associate", STRING, "associate"),
        Member("AssociateId", INT, "associate_id"),
        Member("IsPerson", BOOLEAN, "is_person"),
        Member("PersonId", INT),
        Member("CountryId", INT),
        Member("HomeCountryId", INT),
        Member("ContactId", INT),
        Member("GroupId", INT),
        Member("BusinessId", INT),
        Member("CategoryId", INT),
        Member("ContactOwner", INT),
        Member("RoleId", INT),
        Member("RoleName", STRING, "role_name"),
        Member("RoleDescription", STRING),
        Member("RoleType", ROLE_TYPE, "role_type"),
        Member("Licenses", Array(item=GRANTED_MODULE_LICENSE, item_name="GrantedModuleLicense")),
        Member("FullName", STRING, "full_name"),
        Member("EMailAddress", STRING, "e_mail_address"),
        Member("FunctionRights", STRINGS),
        Member("EjUserId", INT),
        Member("EjAccessLevel", INT),
        Member("EjUserStatus", EJ_USER_STATUS),
        Member("ProvidedCredentials", Array(item=PROVIDED_CREDENTIAL, item_name="ProvidedCredential")),
        Member("SecondaryGroups", INTS),
        Member("DatabaseContextIdentifier", STRING, "database_context_identifier"),
    ),
)
SO_SYSTEM_INFO_CARRIER = Complex(
    name="SoSystemInfoCarrier",
    base=CARRIER,
    python=carriers.SoSystemInfoCarrier,
    members=(
        Member("License", LICENSE_INFO),
        Member("WarningEnglish", STRING),
        Member("WarningResource", STRING),
        Member("BranchName", STRING),
        Member("BuildLabel", STRING),
        Member("AssemblyVersion", STRING, "product_version"),
        Member("AccumulatedNextCheckDate", DATE_TIME),
        Member("FileVersion", STRING, "product_version"),
        Member("Description", STRING),
        Member("DaysUntilNetServerExpiry", INT),
        Member("BuildType", BUILD_TYPE),
        Member("DatabaseVersion", INT),
        Member("IsUnicode", BOOLEAN),
        Member("CompanyName", STRING, "company_name"),
        Member("CompanyId", INT, "company_id"),
        Member("DatabaseType", STRING),
        Member("DatabaseMinor", STRING),
        Member("DatabaseName", STRING),
        Member("IsOnTravel", BOOLEAN),
        Member("IsSatellite", BOOLEAN),
    ),
)
AUTHENTICATION_DATA = Dictionary(
    name="AuthenticationGenericData", pair="AuthenticationGenericDataKeyValuePair", key=STRING, value=STRING
)

_SIGNED_IN = (
    Member("Response", SO_PRINCIPAL_CARRIER, "response"),
    Member("Credentials", SO_CREDENTIALS, "credentials"),
    Member("AuthenticationSucceeded", BOOLEAN, "authentication_succeeded"),
)


def _sign_in(name: str, summary: str, *request: Member, since: int = 0) -> Operation:
    return Operation(
        agent="SoPrincipal",
        name=name,
        summary=summary,
        request=request,
        reply=_SIGNED_IN,
        reply_name="AuthenticateResponse",
        since=since,
        needs_ticket=False,
    )


SO_PRINCIPAL = Agent(
    name="SoPrincipal",
    since=75,
    signs_in=True,
    operations=(
        Operation(
            agent="SoPrincipal",
            name="GetSystemInfo",
            summary="Tells the company and the version of the gateway to anyone who asks.",
            reply=(Member("SystemInfo", SO_SYSTEM_INFO_CARRIER),),
            needs_ticket=False,
        ),
        _sign_in("AuthenticateImplicit", "Signs in by the transport's own identity, which this gateway never accepts."),
        _sign_in(
            "AuthenticateUsernamePassword",
            "Signs in with a user name and password; answers a ticket.",
            Member("UserName", STRING, "user_name"),
            Member("Password", STRING, "password"),
        ),
        _sign_in(
            "AuthenticateGeneric",
            "Signs in with named values; UserName and Password are the ones understood.",
            Member("AuthenticationData", AUTHENTICATION_DATA, "authentication_data"),
        ),
        _sign_in(
            "AuthenticateWithAccessToken",
            "Signs in with an access token of this gateway's.",
            Member("AccessToken", STRING, "access_token"),
            since=86,
        ),
    ),
)
