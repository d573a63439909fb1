// An ESME by the npm package `smpp`: binds, tests the link, submits each line of STORY_TEXTS, waits for the receipts.
"use strict";
const smpp = require("smpp");

const texts = JSON.parse(process.env.STORY_TEXTS);
const session = smpp.connect({ url: process.env.STORY_URL });
const receipts = [];
const ids = [];

function finish() {
  if (receipts.length < texts.length) return;
  process.stdout.write("ids=" + ids.join(",") + "\nreceipts=" + receipts.sort().join(",") + "\n");
  session.unbind(() => session.close(() => process.exit(0)));
}

session.on("error", (error) => {
  process.stderr.write(String(error) + "\n");
  process.exit(1);
});
session.on("deliver_sm", (pdu) => {
  receipts.push(pdu.receipted_message_id + ":" + pdu.message_state);
  session.send(pdu.response());
  finish();
});
session.on("connect", () => {
  session.bind_transceiver({ system_id: "lamp", password: "secret" }, (bound) => {
    process.stdout.write("bound=" + bound.command_status + "\n");
    session.enquire_link({}, (alive) => process.stdout.write("alive=" + alive.command_status + "\n"));
    const submit = (index) => {
      if (index === texts.length) return;
      session.submit_sm(
        { source_addr: "Peer", source_addr_ton: 5, destination_addr: "4712345678", short_message: texts[index], registered_delivery: 1 },
        (answer) => {
          ids.push(answer.message_id);
          submit(index + 1);
        },
      );
    };
    submit(0);
  });
});
