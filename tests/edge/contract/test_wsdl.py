"""The WSDLs this gateway renders are the reference ones, fact for fact; and every version has a whole one."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from tests.edge.contract.wsdl_facts import XS, imported, schema_facts, used, wsdl_facts

from heliograph.core.errors import UnknownRoute
from heliograph.edge.contract.versions import AGENTS, VERSIONS, agents_in
from heliograph.edge.soap.wsdl import document

ADDRESS = "https://push.example/Remote/Services86/Messaging.svc"
REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "contract" / "wsdl"

EVERY_ADDRESS = [(version, agent.name) for version in VERSIONS for agent in agents_in(version)]
REFERENCED = [(version, agent) for version in (83, 86, 88) for agent in AGENTS]


def rendered(version: int, agent: str, query: str = "singleWsdl") -> etree._Element:
    return etree.fromstring(document(version, agent, query, ADDRESS))


def reference(version: int, agent: str) -> etree._Element:
    path = REFERENCE / f"Services{version}-{agent}.wsdl"
    if not path.exists():
        pytest.skip("the reference WSDLs are not beside this clone")
    return etree.parse(path).getroot()


def schemas_of(root: etree._Element) -> list[etree._Element]:
    return list(root.iter(f"{XS}schema"))


@pytest.mark.parametrize(("version", "agent"), REFERENCED)
def test_operations_messages_headers_and_actions_are_the_reference_ones(version: int, agent: str) -> None:
    assert wsdl_facts(rendered(version, agent)) == wsdl_facts(reference(version, agent))


@pytest.mark.parametrize(("version", "agent"), REFERENCED)
def test_types_members_order_nillability_enums_and_annotations_are_the_reference_ones(version: int, agent: str) -> None:
    ours = schema_facts(schemas_of(rendered(version, agent)))
    theirs = schema_facts(schemas_of(reference(version, agent)))
    assert ours.keys() == theirs.keys()
    for name, fact in theirs.items():
        assert ours[name] == fact, name


def test_a_member_more_or_less_would_be_noticed() -> None:
    ours = schemas_of(rendered(88, "Pocket"))
    before = schema_facts(ours)
    extra = ours[0].find(f".//{XS}complexType[@name='PocketDeviceInfo']/{XS}sequence/{XS}element")
    assert extra is not None
    extra.set("nillable", "false")
    assert schema_facts(ours) != before


@pytest.mark.parametrize(("version", "agent"), EVERY_ADDRESS)
def test_the_single_document_compiles_as_schemas_and_imports_what_it_uses(version: int, agent: str) -> None:
    for schema in schemas_of(rendered(version, agent)):
        assert used(schema) <= imported(schema)


@pytest.mark.parametrize(("version", "agent"), EVERY_ADDRESS)
def test_the_split_document_is_the_single_one_in_parts(version: int, agent: str) -> None:
    split, single = rendered(version, agent, "wsdl"), rendered(version, agent)
    assert wsdl_facts(split) == wsdl_facts(single)
    locations = [each.get("schemaLocation") for each in split.iter(f"{XS}import")]
    assert locations == [f"{ADDRESS}?xsd=xsd{number}" for number in range(len(locations))]
    parts = [rendered(version, agent, f"xsd=xsd{number}") for number in range(len(locations))]
    assert schema_facts(parts) == schema_facts(schemas_of(single))


def test_every_global_name_is_declared_once() -> None:
    for version, agent in EVERY_ADDRESS:
        for schema in schemas_of(rendered(version, agent)):
            names = [(child.tag, child.get("name")) for child in schema if child.tag != f"{XS}import"]
            assert len(names) == len(set(names)), (version, agent)


def test_the_address_is_the_one_that_was_asked_and_cannot_break_out_of_its_attribute() -> None:
    hostile = 'http://a/"><x xmlns=""/>&amp;<!--'
    root = etree.fromstring(document(86, "Pocket", "wsdl", hostile))
    assert [each.get("location") for each in root.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")] == [hostile]


@pytest.mark.parametrize("query", ["", "wsdl=wsdl0", "xsd=xsd9", "xsd=xsd-1", "disco", "xsd"])
def test_any_other_query_is_no_document(query: str) -> None:
    with pytest.raises(UnknownRoute):
        document(86, "Pocket", query, ADDRESS)


@pytest.mark.parametrize("query", ["WSDL", "singlewsdl", "XSD=xsd0"])
def test_the_query_is_read_without_regard_to_case(query: str) -> None:
    assert document(86, "Pocket", query, ADDRESS)
