// The story of the interop tests, told by the npm package `strong-soap`.
"use strict";
const { soap, QName } = require("strong-soap");
const XMLHandler = soap.XMLHandler;

const story = (name) => process.env[`STORY_${name}`];
const tell = (name, value) => console.log(`${name}=${value}`);
const NAMESPACE = story("NAMESPACE");

function connect(agent) {
  return new Promise((resolve, reject) => {
    soap.createClient(story(`WSDL_${agent}`), {}, (error, client) => {
      if (error) return reject(error);
      if (story(`LOCATION_${agent}`)) client.setEndpoint(story(`LOCATION_${agent}`));
      resolve(client);
    });
  });
}

// The answer, with the blocks of the reply's header beside it. The package finds a reply only under the operation's own
// name; the sign-in replies are all called AuthenticateResponse, so those are read from the envelope it hands over.
function call(client, operation, request = {}) {
  return new Promise((resolve, reject) => {
    client[operation](request, (error, result, envelope, headers) => {
      if (error) return reject(error);
      const body = () => Object.values(new XMLHandler().xmlToJson(null, envelope, null).Body)[0];
      resolve({ result: result || body(), headers });
    });
  });
}

// A list of one arrives as the one itself.
const listed = (value) => [].concat(value);
const statuses = (answer) => listed(answer.result.Response.MessageDeliveryStatus).map((each) => each.Status).join(",");

async function main() {
  const [principal, messaging, pocket] = await Promise.all(["SOPRINCIPAL", "MESSAGING", "POCKET"].map(connect));
  const text = story("TEXT");
  const me = Number(story("ASSOCIATE"));

  const info = await call(principal, "GetSystemInfo");
  tell("company", info.result.SystemInfo.CompanyName);
  const user = { UserName: story("USER"), Password: "no" };
  const refused = await call(principal, "AuthenticateUsernamePassword", user);
  tell("refused", refused.result.AuthenticationSucceeded);
  user.Password = story("PASSWORD");
  const signedIn = (await call(principal, "AuthenticateUsernamePassword", user)).result;
  tell("signed_in", signedIn.AuthenticationSucceeded);
  tell("associate_id", signedIn.Response.AssociateId);
  tell("full_name", signedIn.Response.FullName);
  for (const client of [messaging, pocket]) {
    client.addSoapHeader({ Ticket: signedIn.Credentials.Ticket }, new QName(NAMESPACE, "Credentials"));
  }

  const pushed = await call(pocket, "SendPushNotification", {
    AssociateIds: { int: [me] },
    Message: {
      Title: text,
      Message: `${text}\nsecond line`,
      Url: "https://example.com/?a=1&b=2",
      Silent: true,
      Type: "YesNoQuestion",
      TimeToLive: 90,
      RecordId: 77,
      Date: new Date("2026-11-21T12:30:00Z"),
      Duration: "PT1H30M",
      ExtraValues: {
        StringKeyValuePair: [
          { Key: "lamp", Value: text },
          { Key: "lens", Value: "2" },
        ],
      },
    },
  });
  tell("succeeded", pushed.headers.Succeeded);
  tell("message_id", listed(pushed.headers.ExtraInfo.ExtraInfoNameValuePair)[0].Value);

  const messages = {
    OutgoingMessage: [
      { From: text, To: story("USER"), Content: text },
      { To: "", Content: "to nobody" },
    ],
  };
  const sent = await call(messaging, "SendMessages", { Plugin: "inbox", OutgoingMessages: messages });
  tell("statuses", statuses(sent));
  const configured = await call(messaging, "SendMessagesWithConfig", {
    Plugin: "stub",
    OutgoingMessages: { OutgoingMessage: [{ From: "", To: "someone", Content: text }] },
    Config: { StringKeyValuePair: [{ Key: "account", Value: text }] },
  });
  tell("configured", statuses(configured));
  const ids = sent.result.Response.MessageDeliveryStatus.map((each) => each.MessagingId);
  tell("later", statuses(await call(messaging, "GetDeliveryStatus", { MessagingIds: { int: ids } })));
  const plugins = await call(messaging, "GetPlugins");
  tell("plugins", listed(plugins.result.Response.ProviderInfo).map((plugin) => plugin.Name).join(","));

  const device = { DeviceName: text, DeviceIdentifier: story("DEVICE"), PNSHandle: "t", Platform: "Google" };
  await call(pocket, "RegisterDeviceForPushNotification", { DeviceInfo: device });
  const devices = await call(pocket, "GetRegisteredDevices", { AssociateId: me });
  const mine = listed(devices.result.Response.PocketDeviceInfo).find((each) => each.DeviceIdentifier === story("DEVICE"));
  tell("device", `${mine.DeviceName}|${mine.Platform}`);

  const failed = await call(messaging, "SendMessages", { Plugin: "pigeon", OutgoingMessages: messages });
  tell("failed", failed.headers.Succeeded);
  tell("exception", failed.headers.ExceptionInfo.ExceptionType);
}

main().catch((error) => {
  console.error(error.stack || error);
  process.exit(1);
});
