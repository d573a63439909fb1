// The story of the interop tests, told by the proxies that Mono's wsdl2 makes of the three WSDLs.
using System;
using System.Linq;
using System.Text;

static class Client
{
    static string Story(string name) { return Environment.GetEnvironmentVariable("STORY_" + name); }

    static void Tell(string name, object value) { Console.WriteLine(name + "=" + value); }

    static string Truth(bool value) { return value ? "true" : "false"; }

    static string Location(string agent, string fromWsdl) { return Story("LOCATION_" + agent) ?? fromWsdl; }

    static string Statuses(Messaging.MessageDeliveryStatus[] answer)
    {
        return string.Join(",", answer.Select(each => each.Status));
    }

    static string SignIn()
    {
        var service = new SignIn(Location("SOPRINCIPAL", Story("WSDL_SOPRINCIPAL").Split('?')[0]));
        Tell("company", service.GetSystemInfo().CompanyName);
        Principal.SoCredentials credentials;
        bool accepted;
        service.AuthenticateUsernamePassword(Story("USER"), "no", out credentials, out accepted);
        Tell("refused", Truth(accepted));
        var me = service.AuthenticateUsernamePassword(Story("USER"), Story("PASSWORD"), out credentials, out accepted);
        Tell("signed_in", Truth(accepted));
        Tell("associate_id", me.AssociateId);
        Tell("full_name", me.FullName);
        return credentials.Ticket;
    }

    static void Push(Pocket.WcfPocketService service)
    {
        var message = new Pocket.PocketNotificationMessage
        {
            Title = Story("TEXT"),
            Message = Story("TEXT") + "\nsecond line",
            Url = "https://example.com/?a=1&b=2",
            Silent = true,
            SilentSpecified = true,
            Type = Pocket.NotificationMessageType.YesNoQuestion,
            TypeSpecified = true,
            TimeToLive = 90,
            TimeToLiveSpecified = true,
            RecordId = 77,
            RecordIdSpecified = true,
            Date = new DateTime(2026, 11, 21, 12, 30, 0, DateTimeKind.Utc),
            DateSpecified = true,
            Duration = "PT1H30M",
            ExtraValues = new[]
            {
                new Pocket.StringDictionaryStringKeyValuePair { Key = "lamp", Value = Story("TEXT") },
                new Pocket.StringDictionaryStringKeyValuePair { Key = "lens", Value = "2" },
            },
        };
        service.SendPushNotification(new[] { int.Parse(Story("ASSOCIATE")) }, message);
        Tell("succeeded", string.Concat(service.Succeeded.Text).ToLowerInvariant());
        Tell("message_id", service.ExtraInfo.ExtraInfoNameValuePair[0].Value);
    }

    static void Send(Messaging.WcfMessagingService service)
    {
        var messages = new[]
        {
            new Messaging.OutgoingMessage { From = Story("TEXT"), To = Story("USER"), Content = Story("TEXT") },
            new Messaging.OutgoingMessage { To = "", Content = "to nobody" },
        };
        var sent = service.SendMessages("inbox", messages);
        Tell("statuses", Statuses(sent));
        var one = new[] { new Messaging.OutgoingMessage { From = "", To = "someone", Content = Story("TEXT") } };
        var config = new[] { new Messaging.StringDictionaryStringKeyValuePair { Key = "account", Value = Story("TEXT") } };
        Tell("configured", Statuses(service.SendMessagesWithConfig("stub", one, config)));
        Tell("later", Statuses(service.GetDeliveryStatus(sent.Select(each => each.MessagingId).ToArray())));
        Tell("plugins", string.Join(",", service.GetPlugins().Select(each => each.Name)));
        service.SendMessages("pigeon", messages);
        Tell("failed", string.Concat(service.Succeeded.Text).ToLowerInvariant());
        Tell("exception", service.ExceptionInfo.ExceptionType);
    }

    static void Devices(Pocket.WcfPocketService service)
    {
        var device = new Pocket.PocketDeviceInfo
        {
            DeviceName = Story("TEXT"),
            DeviceIdentifier = Story("DEVICE"),
            PNSHandle = "t",
            Platform = Pocket.NotificationPlatform.Google,
            PlatformSpecified = true,
        };
        service.RegisterDeviceForPushNotification(device);
        var mine = service.GetRegisteredDevices(int.Parse(Story("ASSOCIATE")), true)
            .Single(each => each.DeviceIdentifier == Story("DEVICE"));
        Tell("device", mine.DeviceName + "|" + mine.Platform);
    }

    static void Main()
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        string ticket = SignIn();
        var pocket = new Pocket.WcfPocketService();
        pocket.Url = Location("POCKET", pocket.Url);
        pocket.SignedIn = new Pocket.SoCredentials { Ticket = ticket };
        var messaging = new Messaging.WcfMessagingService();
        messaging.Url = Location("MESSAGING", messaging.Url);
        messaging.SignedIn = new Messaging.SoCredentials { Ticket = ticket };
        Push(pocket);
        Send(messaging);
        Devices(pocket);
    }
}
