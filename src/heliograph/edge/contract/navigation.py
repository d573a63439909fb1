"""Where a CRM may show a web panel: an enum that no gateway uses and every Pocket WSDL has."""

from __future__ import annotations

from heliograph.edge.contract.model import Enumeration, EnumValue

_FIRST = """
    Invisible ToolboxMenu NavigatorButton ViewMenu SelectionTaskCard ContactCard ContactArchive ProjectCard
    ProjectArchive SaleCard
"""
_THEN = """
    ActivityDialog DocumentDialog BrowserPanel ContSelectionTask AppntSelectionTask SaleSelectionTask
    DocSelectionTask ProjSelectionTask CompanyMinicard ProjectMinicard DiaryMinicard SelectionMinicard
    ButtonPanelTask AppointmentDialogTask SaleDialogTask DocumentDialogTask PersonDialogTask SaleMinicard
    SaleArchive AppntSelectionShadowTask SaleSelectionShadowTask DocSelectionShadowTask ProjSelectionShadowTask
    DiaryArchive SelectionContactArchive SelectionProjectArchive SelectionSaleArchive SelectionAppointmentArchive
    SelectionDocumentArchive ContSelectionCustomTask AppntSelectionCustomTask SaleSelectionCustomTask
    DocSelectionCustomTask ProjSelectionCustomTask CustomArchiveMiniCard SelectionCard ReportMinicard QuoteDialog
    QuoteDialogTask QuoteDialogArchive QuoteLineDialogTask QuoteLineDialog QuoteLineSelectionMainTask
    QuoteLineSelectionShadowTask SelectionQuoteLineArchive QuoteLineSelectionCustomTask FindSystem
    MailingSelectionTask ContactSelectionMailingsTask AppointmentSelectionMailingsTask SaleSelectionMailingsTask
    DocumentSelectionMailingsTask ProjectSelectionMailingsTask QuoteLineSelectionMailingsTask TopPanelNewMenu
    Dashboard
"""
_FROM_86 = "PersonArchive PersonMinicard"
_FROM_88 = "CompanyCardTask ProjectCardTask TicketCard TicketMinicard CustomObjectCard CustomObjectArchive"


def _values(names: str, *, since: int = 0) -> tuple[EnumValue, ...]:
    return tuple(EnumValue(name, since=since) for name in names.split())


NAVIGATION = Enumeration(
    name="Navigation",
    stored_as="short",
    values=(
        *_values(_FIRST),
        EnumValue("PersonDialog", until=85),
        EnumValue("PersonCard", since=86),
        *_values(_THEN),
        *_values(_FROM_86, since=86),
        *_values(_FROM_88, since=88),
    ),
)
