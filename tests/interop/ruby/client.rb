# The story of the interop tests, told by Ruby's soap4r.
require 'soap/wsdlDriver'
require 'soap/header/handler'

def story(name)
  ENV.fetch("STORY_#{name}").dup.force_encoding('UTF-8')
end

def tell(name, value)
  puts "#{name}=#{value}"
end

# Puts the ticket into every request and keeps the blocks of the last reply's header.
class Headers < SOAP::Header::Handler
  attr_reader :blocks

  def initialize(namespace, name, ticket)
    super(XSD::QName.new(namespace, name))
    @ticket = ticket
  end

  def on_outbound
    return nil unless @ticket

    credentials = SOAP::SOAPElement.new(elename)
    credentials.add(SOAP::SOAPElement.new(XSD::QName.new(elename.namespace, 'Ticket'), @ticket))
    credentials
  end

  def on_inbound(header, _must_understand)
    @blocks = header
  end
end

def connect(agent)
  driver = SOAP::WSDLDriverFactory.new(story("WSDL_#{agent}")).create_rpc_driver
  location = ENV["STORY_LOCATION_#{agent}"]
  driver.endpoint_url = location if location
  driver
end

def listed(value)
  value.is_a?(Array) ? value : [value]
end

def statuses(answer)
  listed(answer.response.messageDeliveryStatus).map(&:status).join(',')
end

principal = connect('SOPRINCIPAL')
messaging = connect('MESSAGING')
pocket = connect('POCKET')
text = story('TEXT')
me = story('ASSOCIATE').to_i

tell('company', principal.getSystemInfo({}).systemInfo.companyName)
refused = principal.authenticateUsernamePassword(UserName: story('USER'), Password: 'no')
tell('refused', refused.authenticationSucceeded)
signed_in = principal.authenticateUsernamePassword(UserName: story('USER'), Password: story('PASSWORD'))
tell('signed_in', signed_in.authenticationSucceeded)
tell('associate_id', signed_in.response.associateId)
tell('full_name', signed_in.response.fullName)

blocks = {}
[messaging, pocket].each do |driver|
  driver.headerhandler << Headers.new(story('NAMESPACE'), 'Credentials', signed_in.credentials.ticket)
  %w[Succeeded ExtraInfo ExceptionInfo].each do |name|
    blocks[[driver, name]] = Headers.new(story('NAMESPACE'), name, nil)
    driver.headerhandler << blocks[[driver, name]]
  end
end

extra = { StringKeyValuePair: [{ Key: 'lamp', Value: text }, { Key: 'lens', Value: '2' }] }
pocket.sendPushNotification(
  AssociateIds: { int: [me] },
  Message: {
    Title: text,
    Message: "#{text}\nsecond line",
    Url: 'https://example.com/?a=1&b=2',
    Silent: true,
    Type: 'YesNoQuestion',
    TimeToLive: 90,
    RecordId: 77,
    Date: DateTime.new(2026, 11, 21, 12, 30),
    Duration: 'PT1H30M',
    ExtraValues: extra
  }
)
tell('succeeded', blocks[[pocket, 'Succeeded']].blocks.text)
tell('message_id', blocks[[pocket, 'ExtraInfo']].blocks['ExtraInfoNameValuePair']['Value'].text)

messages = {
  OutgoingMessage: [
    { From: text, To: story('USER'), Content: text },
    { To: '', Content: 'to nobody' }
  ]
}
sent = messaging.sendMessages(Plugin: 'inbox', OutgoingMessages: messages)
tell('statuses', statuses(sent))
one = { OutgoingMessage: [{ From: '', To: 'someone', Content: text }] }
config = { StringKeyValuePair: [{ Key: 'account', Value: text }] }
tell('configured', statuses(messaging.sendMessagesWithConfig(Plugin: 'stub', OutgoingMessages: one, Config: config)))
ids = sent.response.messageDeliveryStatus.map(&:messagingId)
tell('later', statuses(messaging.getDeliveryStatus(MessagingIds: { int: ids })))
tell('plugins', listed(messaging.getPlugins({}).response.providerInfo).map(&:name).join(','))

device = { DeviceName: text, DeviceIdentifier: story('DEVICE'), PNSHandle: 't', Platform: 'Google' }
pocket.registerDeviceForPushNotification(DeviceInfo: device)
devices = listed(pocket.getRegisteredDevices(AssociateId: me).response.pocketDeviceInfo)
mine = devices.find { |each| each.deviceIdentifier == story('DEVICE') }
tell('device', "#{mine.deviceName}|#{mine.platform}")

messaging.sendMessages(Plugin: 'pigeon', OutgoingMessages: messages)
tell('failed', blocks[[messaging, 'Succeeded']].blocks.text)
tell('exception', blocks[[messaging, 'ExceptionInfo']].blocks['ExceptionType'].text)
