"""The licence carriers of GetSystemInfo and of a principal: a CRM's business, declared and always nil here."""

from __future__ import annotations

from heliograph.edge.contract.common import CARRIER
from heliograph.edge.contract.model import Array, Complex, Enumeration, EnumValue, Family, Member
from heliograph.edge.contract.scalars import BASE64, BOOLEAN, DATE_TIME, INT, STRING

LICENSE_TYPE = Enumeration(
    name="LicenseType",
    stored_as="short",
    values=(EnumValue("Unknown"), EnumValue("SiteLicense"), EnumValue("SatelliteLicense"), EnumValue("UserLicense")),
)
USER_TYPE = Enumeration(
    name="UserType",
    values=(
        EnumValue("Unknown"),
        EnumValue("InternalAssociate"),
        EnumValue("ResourceAssociate"),
        EnumValue("ExternalAssociate"),
        EnumValue("AnonymousAssociate"),
        EnumValue("SystemAssociate"),
    ),
)
DSA_PARAMETERS = Complex(
    name="DSAParameters",
    family=Family.CRYPTOGRAPHY,
    value_type=True,
    members=(
        Member("Counter", INT, required=True),
        *(Member(name, BASE64, required=True) for name in ("G", "J", "P", "Q", "Seed", "Y")),
    ),
)
SIGNED_PUBLIC_KEY = Complex(
    name="SignedPublicKey",
    members=(
        Member("OwnerName", STRING),
        Member("SignDate", DATE_TIME),
        Member("ExpiryDate", DATE_TIME),
        Member("Key", DSA_PARAMETERS),
        Member("Signature", STRING),
    ),
)
MODULE_LICENSE = Complex(
    name="ModuleLicense",
    members=(
        Member("OwnerName", STRING),
        Member("ModuleName", STRING),
        Member("ModuleDescription", STRING),
        Member("ModuleTooltip", STRING),
        Member("ModuleVersion", STRING),
        Member("LicenseType", LICENSE_TYPE),
        Member("Unrestricted", BOOLEAN),
        Member("AllowedUserType", USER_TYPE),
        Member("NumberOfLicenses", INT),
        Member("ExtraFlags", INT),
        Member("ExtraInfo", STRING),
        Member("SortOrder", INT),
        Member("IsHidden", BOOLEAN),
        Member("PrerequisiteModuleName", STRING),
        Member("Signature", STRING),
    ),
)
LICENSE_INFO = Complex(
    name="LicenseInfo",
    members=(
        Member("CompanyName", STRING),
        Member("SerialNr", STRING),
        Member("OwnerName", STRING),
        Member("OwnerDescription", STRING),
        Member("NextCheckDate", DATE_TIME),
        Member("MaintenanceDate", DATE_TIME),
        Member("AdminWarningDate", DATE_TIME),
        Member("ExpiryDate", DATE_TIME),
        Member("GraceDate", DATE_TIME),
        Member("ExtraFlags", INT),
        Member("LicenseUrl", STRING),
        Member("LicenseVersion", STRING),
        Member("DeploymentType", INT),
        Member("ProductType", STRING),
        Member("ProductDescription", STRING),
        Member("ModuleLicenses", Array(item=MODULE_LICENSE, item_name="ModuleLicense")),
        Member("PublicKey", SIGNED_PUBLIC_KEY),
        Member("Signature", STRING),
    ),
)
GRANTED_MODULE_LICENSE = Complex(
    name="GrantedModuleLicense",
    base=CARRIER,
    members=(
        Member("OwnerId", INT),
        Member("OwnerName", STRING),
        Member("OwnerDescription", STRING),
        Member("ModuleId", INT),
        Member("Name", STRING),
        Member("Description", STRING),
        Member("Version", STRING),
        Member("LicenseType", LICENSE_TYPE),
        Member("ExtraFlags", INT),
        Member("SortOrder", INT),
        Member("LicenseNumber", INT),
        Member("IsHidden", BOOLEAN),
        Member("IsUnrestricted", BOOLEAN),
        Member("ExpiryDate", DATE_TIME),
    ),
)
