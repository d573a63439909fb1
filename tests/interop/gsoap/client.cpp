// The story of the interop tests, told by gSOAP with the classes it generates from the three WSDLs.
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>

#include "BasicHttpBinding_USCORESoPrincipal.nsmap"
#include "soapBasicHttpBinding_USCORESoPrincipalProxy.h"

using Proxy = BasicHttpBinding_USCORESoPrincipalProxy;

static std::string story(const std::string &name) {
    const char *value = std::getenv(("STORY_" + name).c_str());
    return value ? value : "";
}

template <typename Value> static void tell(const char *name, const Value &value) {
    std::cout << name << "=" << value << std::endl;
}

// gSOAP makes one class of the three services, so each call is told where its agent is.
static std::string address(const std::string &agent) {
    const std::string location = story("LOCATION_" + agent), wsdl = story("WSDL_" + agent);
    return location.empty() ? wsdl.substr(0, wsdl.find('?')) : location;
}

static void check(Proxy &proxy, int error) {
    if (error == SOAP_OK) return;
    proxy.soap_stream_fault(std::cerr);
    std::exit(1);
}

template <typename Value> static Value *kept(soap *soap, const Value &value) {
    Value *copy = static_cast<Value *>(soap_malloc(soap, sizeof(Value)));
    *copy = value;
    return copy;
}

static std::string *text(soap *soap, const std::string &value) {
    std::string *copy = soap_new_std__string(soap);
    *copy = value;
    return copy;
}

static hg__OutgoingMessage *message(soap *soap, const std::string &from, const std::string &to, const std::string &content) {
    hg__OutgoingMessage *made = soap_new_hg__OutgoingMessage(soap);
    made->From = text(soap, from);
    made->To = text(soap, to);
    made->Content = text(soap, content);
    return made;
}

static void pair(soap *soap, hg__StringDictionary *dictionary, const std::string &key, const std::string &value) {
    _hg__StringDictionary_StringKeyValuePair made;
    made.Key = text(soap, key);
    made.Value = text(soap, value);
    dictionary->StringKeyValuePair.push_back(made);
}

static std::string statuses(const hg__ArrayOfMessageDeliveryStatus *answer) {
    std::string told;
    for (const auto *each : answer->MessageDeliveryStatus) {
        told += (told.empty() ? "" : ",") + std::to_string(*each->Status);
    }
    return told;
}

static void sign(Proxy &proxy, hg__SoCredentials *credentials) {
    soap_header(proxy.soap);
    *proxy.soap->header = SOAP_ENV__Header();
    proxy.soap->header->hg__Credentials = credentials;
}

static _hg__AuthenticateResponse authenticate(Proxy &proxy, const std::string &password) {
    _hg__AuthenticateUsernamePassword request;
    request.UserName = text(proxy.soap, story("USER"));
    request.Password = text(proxy.soap, password);
    _hg__AuthenticateResponse answer;
    check(proxy, proxy.AuthenticateUsernamePassword(address("SOPRINCIPAL").c_str(), nullptr, &request, answer));
    return answer;
}

static hg__SoCredentials *sign_in(Proxy &proxy) {
    _hg__GetSystemInfo ask;
    _hg__GetSystemInfoResponse info;
    check(proxy, proxy.GetSystemInfo(address("SOPRINCIPAL").c_str(), nullptr, &ask, info));
    tell("company", *info.SystemInfo->CompanyName);
    tell("refused", *authenticate(proxy, "no").AuthenticationSucceeded ? "true" : "false");
    const _hg__AuthenticateResponse answer = authenticate(proxy, story("PASSWORD"));
    tell("signed_in", *answer.AuthenticationSucceeded ? "true" : "false");
    tell("associate_id", *answer.Response->AssociateId);
    tell("full_name", *answer.Response->FullName);
    hg__SoCredentials *credentials = soap_new_hg__SoCredentials(proxy.soap);
    credentials->Ticket = text(proxy.soap, *answer.Credentials->Ticket);
    return credentials;
}

static void push(Proxy &proxy, hg__SoCredentials *credentials) {
    soap *soap = proxy.soap;
    _hg__SendPushNotification request;
    request.AssociateIds = soap_new_arr__ArrayOfint(soap);
    request.AssociateIds->int_.push_back(std::stoi(story("ASSOCIATE")));
    request.Message = soap_new_hg__PocketNotificationMessage(soap);
    request.Message->Title = text(soap, story("TEXT"));
    request.Message->Message = text(soap, story("TEXT") + "\nsecond line");
    request.Message->Url = text(soap, "https://example.com/?a=1&b=2");
    request.Message->Silent = kept(soap, true);
    request.Message->Type = kept(soap, hg__NotificationMessageType__YesNoQuestion);
    request.Message->TimeToLive = kept(soap, 90);
    request.Message->RecordId = kept(soap, 77);
    request.Message->Date = kept<time_t>(soap, 1795264200);  // 2026-11-21T12:30:00Z
    request.Message->Duration = text(soap, "PT1H30M");
    request.Message->ExtraValues = soap_new_hg__StringDictionary(soap);
    pair(soap, request.Message->ExtraValues, "lamp", story("TEXT"));
    pair(soap, request.Message->ExtraValues, "lens", "2");
    _hg__SendPushNotificationResponse answer;
    sign(proxy, credentials);
    check(proxy, proxy.SendPushNotification(address("POCKET").c_str(), nullptr, &request, answer));
    tell("succeeded", *soap->header->hg__Succeeded ? "true" : "false");
    tell("message_id", *soap->header->hg__ExtraInfo->ExtraInfoNameValuePair[0].Value);
}

static void send(Proxy &proxy, hg__SoCredentials *credentials) {
    soap *soap = proxy.soap;
    const std::string address = ::address("MESSAGING");
    _hg__SendMessages request;
    request.Plugin = text(soap, "inbox");
    request.OutgoingMessages = soap_new_hg__ArrayOfOutgoingMessage(soap);
    request.OutgoingMessages->OutgoingMessage.push_back(message(soap, story("TEXT"), story("USER"), story("TEXT")));
    request.OutgoingMessages->OutgoingMessage.push_back(message(soap, "", "", "to nobody"));
    _hg__SendMessagesResponse sent;
    sign(proxy, credentials);
    check(proxy, proxy.SendMessages(address.c_str(), nullptr, &request, sent));
    tell("statuses", statuses(sent.Response));

    _hg__SendMessagesWithConfig with_config;
    with_config.Plugin = text(soap, "stub");
    with_config.OutgoingMessages = soap_new_hg__ArrayOfOutgoingMessage(soap);
    with_config.OutgoingMessages->OutgoingMessage.push_back(message(soap, "", "someone", story("TEXT")));
    with_config.Config = soap_new_hg__StringDictionary(soap);
    pair(soap, with_config.Config, "account", story("TEXT"));
    _hg__SendMessagesWithConfigResponse configured;
    sign(proxy, credentials);
    check(proxy, proxy.SendMessagesWithConfig(address.c_str(), nullptr, &with_config, configured));
    tell("configured", statuses(configured.Response));

    _hg__GetDeliveryStatus ask;
    ask.MessagingIds = soap_new_arr__ArrayOfint(soap);
    for (const auto *each : sent.Response->MessageDeliveryStatus) ask.MessagingIds->int_.push_back(*each->MessagingId);
    _hg__GetDeliveryStatusResponse later;
    sign(proxy, credentials);
    check(proxy, proxy.GetDeliveryStatus(address.c_str(), nullptr, &ask, later));
    tell("later", statuses(later.Response));

    request.Plugin = text(soap, "pigeon");
    _hg__SendMessagesResponse failed;
    sign(proxy, credentials);
    check(proxy, proxy.SendMessages(address.c_str(), nullptr, &request, failed));
    tell("failed", *soap->header->hg__Succeeded ? "true" : "false");
    tell("exception", *soap->header->hg__ExceptionInfo->ExceptionType);
}

static void list(Proxy &proxy, hg__SoCredentials *credentials) {
    _hg__GetPlugins ask;
    _hg__GetPluginsResponse answer;
    sign(proxy, credentials);
    check(proxy, proxy.GetPlugins(address("MESSAGING").c_str(), nullptr, &ask, answer));
    std::string plugins;
    for (const auto *each : answer.Response->ProviderInfo) plugins += (plugins.empty() ? "" : ",") + *each->Name;
    tell("plugins", plugins);
}

static void devices(Proxy &proxy, hg__SoCredentials *credentials) {
    soap *soap = proxy.soap;
    _hg__RegisterDeviceForPushNotification request;
    request.DeviceInfo = soap_new_hg__PocketDeviceInfo(soap);
    request.DeviceInfo->DeviceName = text(soap, story("TEXT"));
    request.DeviceInfo->DeviceIdentifier = text(soap, story("DEVICE"));
    request.DeviceInfo->PNSHandle = text(soap, "t");
    request.DeviceInfo->Platform = kept(soap, hg__NotificationPlatform__Google);
    _hg__RegisterDeviceForPushNotificationResponse registered;
    sign(proxy, credentials);
    check(proxy, proxy.RegisterDeviceForPushNotification(address("POCKET").c_str(), nullptr, &request, registered));

    _hg__GetRegisteredDevices ask;
    ask.AssociateId = kept(soap, std::stoi(story("ASSOCIATE")));
    _hg__GetRegisteredDevicesResponse answer;
    sign(proxy, credentials);
    check(proxy, proxy.GetRegisteredDevices(address("POCKET").c_str(), nullptr, &ask, answer));
    for (const auto *each : answer.Response->PocketDeviceInfo) {
        if (*each->DeviceIdentifier != story("DEVICE")) continue;
        const bool google = *each->Platform == hg__NotificationPlatform__Google;
        tell("device", *each->DeviceName + "|" + (google ? "Google" : "another"));
    }
}

int main() {
    Proxy proxy(SOAP_C_UTFSTRING | SOAP_XML_TREE);
    hg__SoCredentials *credentials = sign_in(proxy);
    push(proxy, credentials);
    send(proxy, credentials);
    list(proxy, credentials);
    devices(proxy, credentials);
    return 0;
}
