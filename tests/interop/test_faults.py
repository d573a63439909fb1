"""Where the operator wants Faults, a client's own exception carries what a wrapped error would have said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.interop.gateway import running
from zeep import Client
from zeep.exceptions import Fault


def test_zeep_raises_what_failed_with_the_details_of_the_contract(tmp_path: Path) -> None:
    with running(tmp_path, HELIOGRAPH_SOAP__ERRORS="fault") as gateway:
        client = Client(f"{gateway.url}/Remote/Services86/Messaging.svc?wsdl")
        signed = {"Credentials": {"Ticket": gateway.ticket}}
        with pytest.raises(Fault, match="There is no plugin 'pigeon'") as raised:
            client.service.SendMessages("pigeon", None, _soapheaders=signed)
        plugins = client.service.GetPlugins(_soapheaders=signed)
    namespace = "{http://www.superoffice.net/ws/crm/NetServer/Services86}"
    told = raised.value.detail.find(f"{namespace}SoExceptionInfo/{namespace}ExceptionType")
    assert told.text == "SuperOffice.Exceptions.SoNotFoundException"
    assert plugins.header.Succeeded is True
