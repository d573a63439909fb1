// The story of the interop tests, told by the npm package `soap`.
"use strict";
const soap = require("soap");

const story = (name) => process.env[`STORY_${name}`];
const tell = (name, value) => console.log(`${name}=${value}`);
const NAMESPACE = story("NAMESPACE");

async function connect(agent) {
  const client = await soap.createClientAsync(story(`WSDL_${agent}`));
  if (story(`LOCATION_${agent}`)) client.setEndpoint(story(`LOCATION_${agent}`));
  return client;
}

// The package answers [result, raw, headers, request].
const statuses = ([result]) => result.Response.MessageDeliveryStatus.map((each) => each.Status).join(",");

async function main() {
  const [principal, messaging, pocket] = await Promise.all(["SOPRINCIPAL", "MESSAGING", "POCKET"].map(connect));
  const text = story("TEXT");
  const me = Number(story("ASSOCIATE"));

  const [info] = await principal.GetSystemInfoAsync({});
  tell("company", info.SystemInfo.CompanyName);
  const [refused] = await principal.AuthenticateUsernamePasswordAsync({ UserName: story("USER"), Password: "no" });
  tell("refused", refused.AuthenticationSucceeded);
  const [signedIn] = await principal.AuthenticateUsernamePasswordAsync({
    UserName: story("USER"),
    Password: story("PASSWORD"),
  });
  tell("signed_in", signedIn.AuthenticationSucceeded);
  tell("associate_id", signedIn.Response.AssociateId);
  tell("full_name", signedIn.Response.FullName);
  for (const client of [messaging, pocket]) {
    client.addSoapHeader({ Credentials: { Ticket: signedIn.Credentials.Ticket } }, "Credentials", "tns", NAMESPACE);
  }

  const [, , headers] = await pocket.SendPushNotificationAsync({
    AssociateIds: { int: [me] },
    Message: {
      Title: text,
      Message: `${text}\nsecond line`,
      Url: "https://example.com/?a=1&b=2",
      Silent: true,
      Type: "YesNoQuestion",
      TimeToLive: 90,
      RecordId: 77,
      Date: new Date("2026-11-21T12:30:00Z").toISOString(),
      Duration: "PT1H30M",
      ExtraValues: {
        StringKeyValuePair: [
          { Key: "lamp", Value: text },
          { Key: "lens", Value: "2" },
        ],
      },
    },
  });
  tell("succeeded", headers.Succeeded);
  tell("message_id", [].concat(headers.ExtraInfo.ExtraInfoNameValuePair)[0].Value);

  const messages = {
    OutgoingMessage: [
      { From: text, To: story("USER"), Content: text },
      { To: "", Content: "to nobody" },
    ],
  };
  const sent = await messaging.SendMessagesAsync({ Plugin: "inbox", OutgoingMessages: messages });
  tell("statuses", statuses(sent));
  const configured = await messaging.SendMessagesWithConfigAsync({
    Plugin: "stub",
    OutgoingMessages: { OutgoingMessage: [{ From: "", To: "someone", Content: text }] },
    Config: { StringKeyValuePair: [{ Key: "account", Value: text }] },
  });
  tell("configured", statuses(configured));
  const ids = sent[0].Response.MessageDeliveryStatus.map((each) => each.MessagingId);
  tell("later", statuses(await messaging.GetDeliveryStatusAsync({ MessagingIds: { int: ids } })));
  const [plugins] = await messaging.GetPluginsAsync({});
  tell("plugins", plugins.Response.ProviderInfo.map((plugin) => plugin.Name).join(","));

  await pocket.RegisterDeviceForPushNotificationAsync({
    DeviceInfo: { DeviceName: text, DeviceIdentifier: story("DEVICE"), PNSHandle: "t", Platform: "Google" },
  });
  const [devices] = await pocket.GetRegisteredDevicesAsync({ AssociateId: me });
  const mine = devices.Response.PocketDeviceInfo.find((each) => each.DeviceIdentifier === story("DEVICE"));
  tell("device", `${mine.DeviceName}|${mine.Platform}`);

  const [, , failed] = await messaging.SendMessagesAsync({ Plugin: "pigeon", OutgoingMessages: messages });
  tell("failed", failed.Succeeded);
  tell("exception", failed.ExceptionInfo.ExceptionType);
}

main().catch((error) => {
  console.error(error.stack);
  process.exit(1);
});
