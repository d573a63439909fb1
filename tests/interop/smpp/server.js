// A message centre by the npm package `smpp`: tells what it was given, one JSON object a line, and sends a receipt.
"use strict";
const smpp = require("smpp");

let taken = 0;
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const server = smpp.createServer((session) => {
  session.on("error", () => {});
  session.on("bind_transceiver", (pdu) => {
    const known = pdu.system_id === "lamp" && pdu.password === "secret";
    session.send(pdu.response({ command_status: known ? 0 : smpp.ESME_RINVPASWD, system_id: "peer" }));
    tell({ bound: known });
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
    tell({ unbound: true });
  });
  session.on("submit_sm", (pdu) => {
    const body = pdu.message_payload || pdu.short_message;
    const text = typeof body.message === "string" ? body.message : body.message.toString("utf16le");
    if (text === "slow down") {
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    if (text === "write to me") {
      const udh = (number) => Buffer.from([5, 0, 3, 77, 2, number]);
      const part = (number, message) => ({
        source_addr: pdu.destination_addr,
        source_addr_ton: 1,
        destination_addr: "26112",
        esm_class: 0x40,
        data_coding: 8,
        short_message: { udh: udh(number), message },
      });
      session.deliver_sm(part(2, "kommer € hjem"), () => session.deliver_sm(part(1, "Båten Łódź "), (answer) => tell({ joined: answer.command_status })));
    }
    taken += 1;
    const id = "peer-" + taken;
    tell({
      id,
      source: pdu.source_addr,
      source_ton: pdu.source_addr_ton,
      to: pdu.destination_addr,
      data_coding: pdu.data_coding,
      esm_class: pdu.esm_class,
      text,
      header: body.udh ? body.udh.map((element) => element.toString("hex")) : null,
      sar: pdu.sar_total_segments ? [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] : null,
    });
    session.send(pdu.response({ message_id: id }));
    if (pdu.registered_delivery) {
      session.deliver_sm(
        {
          source_addr: pdu.destination_addr,
          destination_addr: pdu.source_addr,
          esm_class: 4,
          short_message: "id:" + id + " sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:",
          receipted_message_id: id,
          message_state: 2,
        },
        (answer) => tell({ answered: answer.command_status }),
      );
    }
  });
});
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
