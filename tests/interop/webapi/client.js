// The story of the JSON agents, told by the npm package `@superoffice/webapi`.
"use strict";
const { MessagingAgent, PocketAgent, NotificationMessageType, NotificationPlatform } = require("@superoffice/webapi");
const dayjs = require("dayjs");

const story = (name) => process.env[`STORY_${name}`];
const tell = (name, value) => console.log(`${name}=${value}`);
const options = (authorization) => ({
  baseUrl: story("BASE"),
  axiosConfig: { headers: { Authorization: authorization } },
});
const password = Buffer.from(`${story("USER")}:${story("PASSWORD")}`).toString("base64");

async function main() {
  const me = Number(story("ASSOCIATE"));
  const text = story("TEXT");
  const messaging = new MessagingAgent(options(`Basic ${password}`));
  const pocket = new PocketAgent(options(`SOTicket ${story("TICKET")}`));

  let headers;
  const seen = { responseCallback: (response) => (headers = response.headers) };
  const nothing = await pocket.sendPushNotificationAsync(
    [me, 999999],
    {
      title: text,
      message: text,
      url: "https://example.com/?a=1&b=2",
      silent: true,
      type: NotificationMessageType.YesNoQuestion,
      timeToLive: 60,
      recordId: 77,
      date: new Date("2026-11-21T12:30:00Z"),
      duration: dayjs.duration({ hours: 1, minutes: 30 }),
      extraValues: { lamp: text, lens: "2" },
    },
    seen
  );
  tell("void", nothing === "");
  tell("message_id", headers["heliograph-message-id"]);
  tell("unknown", headers["heliograph-unknown-associate-ids"]);

  const outgoing = [
    { to: story("USER"), content: text, format: "text/plain" },
    { to: "nobody-goes-by-this", content: text },
  ];
  const sent = await messaging.sendMessagesAsync("inbox", outgoing);
  tell("statuses", sent.map((each) => each.status).join(","));
  const configured = await messaging.sendMessagesWithConfigAsync("stub", [{ to: "a", content: "b" }], { "": "" });
  tell("configured", configured.map((each) => each.status).join(","));
  const later = await messaging.getDeliveryStatusAsync(sent.map((each) => each.messagingId));
  tell("later", later.map((each) => each.status).join(","));
  tell("plugins", (await messaging.getPluginsAsync()).map((each) => each.name).join(","));

  const device = { deviceIdentifier: "webapi", deviceName: text, pNSHandle: "handle", oSVersion: "17" };
  await pocket.registerDeviceForPushNotificationAsync({ ...device, platform: NotificationPlatform.Google });
  await pocket.setPushNotificationTagsForDeviceAsync("webapi", "question=0, storm");
  const devices = await pocket.getRegisteredDevicesAsync(me);
  const mine = devices.find((each) => each.deviceIdentifier === "webapi");
  tell("device", [mine.deviceName === text, mine.platform, mine.oSVersion].join("|"));
  tell("tags", await pocket.getPushNotificationTagsForDeviceAsync("webapi"));

  const failure = await messaging.sendMessagesAsync("no-such-plugin", []).catch((error) => error.response);
  tell("failed", `${failure.status} ${failure.data.ErrorType}`);
  const stranger = new MessagingAgent(options("SOTicket 7T:nonsense"));
  tell("stranger", await stranger.getPluginsAsync().catch((error) => error.response.status));
}

main().catch((error) => {
  console.error(error.response ? error.response.data : error);
  process.exit(1);
});
