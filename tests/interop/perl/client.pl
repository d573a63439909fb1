# The story of the interop tests, told by Perl's SOAP::Lite.
use strict;
use warnings;
use Encode qw(decode_utf8);
use SOAP::Lite;
use URI::file;

binmode STDOUT, ':encoding(UTF-8)';

sub story { return decode_utf8($ENV{"STORY_$_[0]"}) }
sub tell_it { my ($name, $value) = @_; print "$name=$value\n" }

my $namespace = story('NAMESPACE');
my $text = story('TEXT');
my $me = story('ASSOCIATE');
my %methods;

# Addresses and actions come from the WSDLs; SOAP::Lite does not read their schemas.
for my $agent ('SOPRINCIPAL', 'MESSAGING', 'POCKET') {
    my $wsdl = story("WSDL_$agent");
    $wsdl = URI::file->new($wsdl)->as_string if $wsdl !~ m{://};
    my $services = SOAP::Schema->new(schema_url => $wsdl)->parse->services;
    for my $service (values %$services) {
        for my $name (keys %$service) {
            my %method = %{$service->{$name}};
            $methods{$name} = {
                endpoint => $ENV{"STORY_LOCATION_$agent"} || $method{endpoint}->value,
                soapaction => $method{soapaction}->value,
            };
        }
    }
}

sub element {
    my ($name, @value) = @_;
    my $element = SOAP::Data->name("n:$name")->uri($namespace);
    return $element->value(\SOAP::Data->value(@value)) if ref $value[0];
    return $element->value(SOAP::Utils::encode_data($value[0]));  # without types SOAP::Lite escapes nothing
}

# A carrier from pairs of name and value, in their order.
sub carrier {
    my ($name, @pairs) = @_;
    my @members;
    push @members, element(splice @pairs, 0, 2) while @pairs;
    return element($name, @members);
}

sub ints {
    my ($name, @numbers) = @_;
    my $arrays = 'http://schemas.microsoft.com/2003/10/Serialization/Arrays';
    return element($name, map { SOAP::Data->name('a:int')->uri($arrays)->value($_) } @numbers);
}

my $ticket;

sub call {
    my ($name, @arguments) = @_;
    my $method = $methods{$name} or die "the WSDL does not name $name";
    my $soap = SOAP::Lite->proxy($method->{endpoint})->ns($namespace, 'n')->autotype(0)
        ->on_action(sub { qq("$method->{soapaction}") });
    my @headers;
    if (defined $ticket) {
        my $credentials = element('Credentials', element('Ticket', $ticket));
        push @headers, SOAP::Header->name($credentials->name)->uri($namespace)->value($credentials->value);
    }
    my $som = $soap->call($name, @arguments, @headers);
    die $som->faultstring if $som->fault;
    return $som;
}

sub statuses { return join ',', map { $_->{Status} } $_[0]->valueof('//MessageDeliveryStatus') }

tell_it('company', call('GetSystemInfo')->valueof('//SystemInfo/CompanyName'));
my @refused = (element('UserName', story('USER')), element('Password', 'no'));
tell_it('refused', call('AuthenticateUsernamePassword', @refused)->valueof('//AuthenticationSucceeded'));
my @accepted = (element('UserName', story('USER')), element('Password', story('PASSWORD')));
my $signed_in = call('AuthenticateUsernamePassword', @accepted);
tell_it('signed_in', $signed_in->valueof('//AuthenticationSucceeded'));
tell_it('associate_id', $signed_in->valueof('//Response/AssociateId'));
tell_it('full_name', $signed_in->valueof('//Response/FullName'));
$ticket = $signed_in->valueof('//Credentials/Ticket');

my $pushed = call(
    'SendPushNotification',
    ints('AssociateIds', $me),
    element(
        'Message',
        element('Title', $text),
        element('Message', "$text\nsecond line"),
        element('Url', 'https://example.com/?a=1&b=2'),
        element('Silent', 'true'),
        element('Type', 'YesNoQuestion'),
        element('TimeToLive', 90),
        element('RecordId', 77),
        element('Date', '2026-11-21T12:30:00Z'),
        element('Duration', 'PT1H30M'),
        element(
            'ExtraValues',
            carrier('StringKeyValuePair', Key => 'lamp', Value => $text),
            carrier('StringKeyValuePair', Key => 'lens', Value => '2'),
        ),
    ),
);
tell_it('succeeded', $pushed->valueof('//Header/Succeeded'));
tell_it('message_id', $pushed->valueof('//ExtraInfoNameValuePair/Value'));

my $messages = element(
    'OutgoingMessages',
    carrier('OutgoingMessage', From => $text, To => story('USER'), Content => $text),
    carrier('OutgoingMessage', To => '', Content => 'to nobody'),
);
my $sent = call('SendMessages', element('Plugin', 'inbox'), $messages);
tell_it('statuses', statuses($sent));
my $configured = call(
    'SendMessagesWithConfig',
    element('Plugin', 'stub'),
    element('OutgoingMessages', carrier('OutgoingMessage', From => '', To => 'someone', Content => $text)),
    element('Config', carrier('StringKeyValuePair', Key => 'account', Value => $text)),
);
tell_it('configured', statuses($configured));
my @ids = map { $_->{MessagingId} } $sent->valueof('//MessageDeliveryStatus');
tell_it('later', statuses(call('GetDeliveryStatus', ints('MessagingIds', @ids))));
tell_it('plugins', join ',', map { $_->{Name} } call('GetPlugins')->valueof('//ProviderInfo'));

my @device = (DeviceName => $text, DeviceIdentifier => story('DEVICE'), PNSHandle => 't', Platform => 'Google');
call('RegisterDeviceForPushNotification', carrier('DeviceInfo', @device));
my $devices = call('GetRegisteredDevices', element('AssociateId', $me));
my ($mine) = grep { $_->{DeviceIdentifier} eq story('DEVICE') } $devices->valueof('//PocketDeviceInfo');
tell_it('device', "$mine->{DeviceName}|$mine->{Platform}");

my $failed = call('SendMessages', element('Plugin', 'pigeon'), $messages);
tell_it('failed', $failed->valueof('//Header/Succeeded'));
tell_it('exception', $failed->valueof('//ExceptionInfo/ExceptionType'));
