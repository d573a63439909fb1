"""GetPocketStartupData's carrier: of all a CRM would tell, the gateway knows two members (contract section 8)."""

from __future__ import annotations

from heliograph.edge.contract.common import CARRIER, E_TABLE_RIGHT
from heliograph.edge.contract.model import Array, Complex, Dictionary, Enumeration, EnumValue, Member
from heliograph.edge.contract.navigation import NAVIGATION
from heliograph.edge.contract.scalars import BOOLEAN, DATE_TIME, INT, SHORT, STRING
from heliograph.intake import carriers

TIME_ZONE_RULE = Complex(
    name="TimeZoneRule",
    members=(
        Member("TZOffset", INT),
        Member("StartRulePattern", STRING),
        Member("EndRulePattern", STRING),
        Member("StartDay", INT),
        Member("StartMonth", INT),
        Member("EndDay", INT),
        Member("EndMonth", INT),
    ),
)
TIME_ZONE_RULES = Dictionary(
    name="TimeZoneRuleDictionary", pair="TimeZoneRuleKeyValuePair", key=DATE_TIME, value=TIME_ZONE_RULE
)
TIME_ZONE_DATA = Complex(
    name="TimeZoneData",
    members=(
        Member("TZLocationID", INT),
        Member("Name", STRING),
        Member("TZLocationCode", STRING),
        Member("TZLocationCities", STRING),
        Member("IsoNumber", INT),
        Member("TimeZoneSTDRules", TIME_ZONE_RULES),
        Member("TimeZoneDSTRules", TIME_ZONE_RULES),
    ),
)
URL_ENCODING = Enumeration(
    name="UrlEncoding",
    stored_as="short",
    stored_as_since=88,
    values=(EnumValue("Unknown"), EnumValue("None"), EnumValue("ANSI"), EnumValue("Unicode")),
)
WEB_PANEL_ENTITY = Complex(
    name="WebPanelEntity",
    base=CARRIER,
    members=(
        Member("WebPanelId", INT),
        Member("Name", STRING),
        Member("Tooltip", STRING),
        Member("Deleted", BOOLEAN),
        Member("Rank", INT),
        Member("UrlEncoding", URL_ENCODING),
        Member("VisibleIn", NAVIGATION),
        Member("OnCentral", BOOLEAN),
        Member("OnSatellite", BOOLEAN),
        Member("OnTravel", BOOLEAN),
        Member("OnSalesMarketingWeb", BOOLEAN),
        Member("OnSalesMarketingPocket", BOOLEAN),
        Member("ShowInMenuBar", BOOLEAN),
        Member("ShowInToolBar", BOOLEAN),
        Member("ShowInAddressBar", BOOLEAN),
        Member("ShowInStatusBar", BOOLEAN),
        Member("WindowName", STRING),
        Member("Url", STRING),
        Member("ProgId", STRING),
        Member("Icon", SHORT),
        Member("AlwaysReloadOnShow", BOOLEAN, since=88),
        Member("NeverReloadOnCurrentChange", BOOLEAN, since=88),
        Member("CustomObjectEntity", STRING, since=88),
    ),
)
PREFERENCE_LEVEL = Enumeration(
    name="PreferenceLevel",
    stored_as="short",
    values=(
        EnumValue("Undefined"),
        EnumValue("HardDefault"),
        EnumValue("SystemWide"),
        EnumValue("Database"),
        EnumValue("Group"),
        EnumValue("Individual"),
        EnumValue("PC"),
    ),
)
PREF_DESC_VALUE_TYPE = Enumeration(
    name="PrefDescValueType",
    stored_as="short",
    values=(
        EnumValue("Unknown"),
        EnumValue("Number"),
        EnumValue("Text"),
        EnumValue("Bool"),
        EnumValue("ListOfValues"),
        EnumValue("ListTableRef"),
        EnumValue("TimeList"),
        EnumValue("ContactID"),
        EnumValue("PersonID"),
        EnumValue("ProjectID"),
        EnumValue("SelectionID"),
        EnumValue("PosSize"),
        EnumValue("TimeZone"),
        EnumValue("Time", since=88),
        EnumValue("Password", since=88),
        EnumValue("MultiLineText", since=88),
    ),
)
PREFERENCE_SPEC = Complex(
    name="PreferenceSpec", base=CARRIER, members=(Member("Section", STRING), Member("Key", STRING))
)
TAB_ORDER = Complex(
    name="TabOrder",
    base=CARRIER,
    members=(
        Member("TabOrderId", INT),
        Member("TabName", STRING),
        Member("Order", STRING),
        Member("AssociateId", INT),
    ),
)
PREFERENCE = Complex(
    name="Preference",
    base=CARRIER,
    members=(
        Member("Level", PREFERENCE_LEVEL),
        Member("RawValue", STRING),
        Member("Specification", PREFERENCE_SPEC),
        Member("DisplayValue", STRING),
        Member("DisplayTooltip", STRING),
        Member("DisplayType", PREF_DESC_VALUE_TYPE),
        Member("TabOrder", TAB_ORDER),
        Member("TargetId", INT),
        Member("PrefDescId", INT),
        Member("TableName", STRING),
        Member("UserPreferenceId", INT),
    ),
)
POCKET_STARTUP_DATA = Complex(
    name="PocketStartupData",
    base=CARRIER,
    python=carriers.PocketStartupData,
    members=(
        Member("TableRights", Array(item=E_TABLE_RIGHT, item_name="ETableRight")),
        Member("PhoneLocaleTimeZoneData", TIME_ZONE_DATA),
        Member("BaseLocaleTimeZoneData", TIME_ZONE_DATA),
        Member("OverdueSalesCount", INT),
        Member("NotificationsCount", INT, "notifications_count"),
        Member("SystemWebPanels", Array(item=WEB_PANEL_ENTITY, item_name="WebPanelEntity")),
        Member("PocketPreferences", Array(item=PREFERENCE, item_name="Preference")),
        Member("IsPushNotificationEnabled", BOOLEAN, "is_push_notification_enabled"),
        Member("CustomData", STRING, since=85),
    ),
)
