<?php
// The story of the interop tests, told by PHP's SoapClient.

function story(string $name): string
{
    return getenv("STORY_$name");
}

function tell(string $name, string|int $value): void
{
    echo "$name=$value\n";
}

function connect(string $agent): SoapClient
{
    $options = ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => getenv('STORY_SOAP12') ? SOAP_1_2 : SOAP_1_1];
    if (getenv("STORY_LOCATION_$agent") !== false) {
        $options['location'] = story("LOCATION_$agent");
    }
    return new SoapClient(story("WSDL_$agent"), $options);
}

/** PHP gives a list of one as the one itself. */
function listed(mixed $value): array
{
    return is_array($value) ? $value : [$value];
}

function statuses(object $answer): string
{
    return implode(',', array_map(fn($each) => $each->Status, listed($answer->Response->MessageDeliveryStatus)));
}

$principal = connect('SOPRINCIPAL');
$messaging = connect('MESSAGING');
$pocket = connect('POCKET');
$text = story('TEXT');
$me = (int) story('ASSOCIATE');

tell('company', $principal->GetSystemInfo()->SystemInfo->CompanyName);
$refused = $principal->AuthenticateUsernamePassword(['UserName' => story('USER'), 'Password' => 'no']);
tell('refused', json_encode($refused->AuthenticationSucceeded));
$signedIn = $principal->AuthenticateUsernamePassword(['UserName' => story('USER'), 'Password' => story('PASSWORD')]);
tell('signed_in', json_encode($signedIn->AuthenticationSucceeded));
tell('associate_id', $signedIn->Response->AssociateId);
tell('full_name', $signedIn->Response->FullName);
$credentials = new SoapHeader(story('NAMESPACE'), 'Credentials', ['Ticket' => $signedIn->Credentials->Ticket]);
$messaging->__setSoapHeaders($credentials);
$pocket->__setSoapHeaders($credentials);

$headers = [];
$pocket->__soapCall('SendPushNotification', [[
    'AssociateIds' => [$me],
    'Message' => [
        'Title' => $text,
        'Message' => "$text\nsecond line",
        'Url' => 'https://example.com/?a=1&b=2',
        'Silent' => true,
        'Type' => 'YesNoQuestion',
        'TimeToLive' => 90,
        'RecordId' => 77,
        'Date' => '2026-11-21T12:30:00Z',
        'Duration' => 'PT1H30M',
        'ExtraValues' => ['StringKeyValuePair' => [
            ['Key' => 'lamp', 'Value' => $text],
            ['Key' => 'lens', 'Value' => '2'],
        ]],
    ],
]], null, null, $headers);
tell('succeeded', json_encode($headers['Succeeded']));
tell('message_id', listed($headers['ExtraInfo']->ExtraInfoNameValuePair)[0]->Value);

$messages = ['OutgoingMessage' => [
    ['From' => $text, 'To' => story('USER'), 'Content' => $text],
    ['To' => '', 'Content' => 'to nobody'],
]];
$sent = $messaging->SendMessages(['Plugin' => 'inbox', 'OutgoingMessages' => $messages]);
tell('statuses', statuses($sent));
tell('configured', statuses($messaging->SendMessagesWithConfig([
    'Plugin' => 'stub',
    'OutgoingMessages' => ['OutgoingMessage' => [['From' => '', 'To' => 'someone', 'Content' => $text]]],
    'Config' => ['StringKeyValuePair' => [['Key' => 'account', 'Value' => $text]]],
])));
$ids = array_map(fn($each) => $each->MessagingId, $sent->Response->MessageDeliveryStatus);
tell('later', statuses($messaging->GetDeliveryStatus(['MessagingIds' => $ids])));
$plugins = listed($messaging->GetPlugins()->Response->ProviderInfo);
tell('plugins', implode(',', array_map(fn($each) => $each->Name, $plugins)));

$device = ['DeviceName' => $text, 'DeviceIdentifier' => story('DEVICE'), 'PNSHandle' => 't', 'Platform' => 'Google'];
$pocket->RegisterDeviceForPushNotification(['DeviceInfo' => $device]);
foreach (listed($pocket->GetRegisteredDevices(['AssociateId' => $me])->Response->PocketDeviceInfo) as $each) {
    if ($each->DeviceIdentifier === story('DEVICE')) {
        tell('device', "$each->DeviceName|$each->Platform");
    }
}

$messaging->__soapCall('SendMessages', [['Plugin' => 'pigeon', 'OutgoingMessages' => $messages]], null, null, $headers);
tell('failed', json_encode($headers['Succeeded']));
tell('exception', $headers['ExceptionInfo']->ExceptionType);
