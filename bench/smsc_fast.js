"use strict";
// A minimal SMSC for load only, so that the peer is never the bottleneck: frames are read and written
// by hand, and every chunk of input is answered in one write. It forgets what is not acknowledged;
// tests/services/smsc is the one that behaves like a carrier's.
// It listens on loopback only, prints its port as one line of JSON, and ends with its standard input.
// Environment: PORT (0: any), RECEIPT_DELAY_MS.

const net = require("net");

const HEADER = 16;
const FRAME_MAX = 65_536;
const LOOK_EVERY_MS = 5;
const RESPONSE = 0x80000000;
const [BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK] =
  [0x01, 0x02, 0x04, 0x05, 0x06, 0x09, 0x15];
const BINDS = new Set([BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER]);
const EMPTY = Buffer.alloc(0);
const NAME = Buffer.from("FASTSMSC\0");

const receiptDelayMs = +(process.env.RECEIPT_DELAY_MS || 20);
const receipts = []; // in the order of their time, since the delay is one
let lastId = 1_000_000;
let stamp = "";

function frame(command, sequence, body) {
  const octets = Buffer.allocUnsafe(HEADER + body.length);
  octets.writeUInt32BE(octets.length, 0);
  octets.writeUInt32BE(command >>> 0, 4);
  octets.writeUInt32BE(0, 8);
  octets.writeUInt32BE(sequence, 12);
  body.copy(octets, HEADER);
  return octets;
}

function answer(command, sequence, body) {
  return frame(command | RESPONSE, sequence, body);
}

function endOfString(body, start) {
  return body.indexOf(0, start) + 1;
}

/** The addresses of a submit_sm with their TON and NPI, and whether it asks for a receipt. */
function readSubmit(body) {
  const source = endOfString(body, 0); // behind service_type
  const destination = endOfString(body, source + 2);
  const end = endOfString(body, destination + 2);
  const schedule = end + 3; // behind esm_class, protocol_id, priority_flag
  const validity = endOfString(body, schedule);
  const registered = endOfString(body, validity);
  return {
    source: body.subarray(source, destination),
    destination: body.subarray(destination, end),
    wantsReceipt: (body[registered] & 1) === 1,
  };
}

function receiptFrame({ session, id, source, destination }) {
  const text = Buffer.from(
    `id:${id} sub:001 dlvrd:001 submit date:${stamp} done date:${stamp} stat:DELIVRD err:000 text:`,
  );
  const messageId = Buffer.from(`${id}\0`);
  const body = Buffer.concat([
    Buffer.from([0]), // service_type
    destination,
    source,
    Buffer.from([4, 0, 0, 0, 0, 0, 0, 0, 0, text.length]), // esm_class 4: a receipt
    text,
    Buffer.from([0x00, 0x1e, 0, messageId.length]), // receipted_message_id
    messageId,
    Buffer.from([0x04, 0x27, 0, 1, 2]), // message_state: delivered
  ]);
  session.sequence += 1;
  return frame(DELIVER_SM, session.sequence, body);
}

function sendDueReceipts() {
  const now = Date.now();
  const bySession = new Map();
  let count = 0;
  while (count < receipts.length && receipts[count].at <= now) {
    const receipt = receipts[count++];
    if (!bySession.has(receipt.session)) bySession.set(receipt.session, []);
    bySession.get(receipt.session).push(receiptFrame(receipt));
  }
  receipts.splice(0, count);
  for (const [session, frames] of bySession) {
    if (!session.socket.destroyed) session.socket.write(Buffer.concat(frames));
  }
}

function takeSubmit(session, sequence, body) {
  const id = ++lastId;
  const submit = readSubmit(Buffer.from(body)); // a copy: the chunk need not live so long
  if (submit.wantsReceipt) receipts.push({ at: Date.now() + receiptDelayMs, session, id, ...submit });
  return answer(SUBMIT_SM, sequence, Buffer.from(`${id}\0`));
}

/** The answer to one frame; null where none is due. */
function handle(session, command, sequence, body) {
  if (command === SUBMIT_SM) return takeSubmit(session, sequence, body);
  if (BINDS.has(command)) return answer(command, sequence, NAME);
  if (command === ENQUIRE_LINK || command === UNBIND) return answer(command, sequence, EMPTY);
  return null;
}

/** Answers every whole frame of the input; returns the rest. */
function consume(session, input) {
  const answers = [];
  let offset = 0;
  while (input.length - offset >= HEADER) {
    const length = input.readUInt32BE(offset);
    if (length < HEADER || length > FRAME_MAX) {
      console.error(`a frame of ${length} octets`);
      session.socket.destroy();
      return EMPTY;
    }
    if (input.length - offset < length) break;
    const body = input.subarray(offset + HEADER, offset + length);
    const reply = handle(session, input.readUInt32BE(offset + 4), input.readUInt32BE(offset + 12), body);
    if (reply) answers.push(reply);
    offset += length;
  }
  if (answers.length) session.socket.write(Buffer.concat(answers));
  return input.subarray(offset);
}

function connect(socket) {
  const session = { socket, sequence: 0 };
  let rest = EMPTY;
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    rest = consume(session, rest.length ? Buffer.concat([rest, chunk]) : chunk);
  });
}

function tick() {
  stamp = new Date().toISOString().slice(2, 16).replace(/[-T:]/g, "");
}

tick();
setInterval(tick, 1_000);
setInterval(sendDueReceipts, LOOK_EVERY_MS);
process.stdin.on("end", () => process.exit(0)).resume();
const server = net.createServer(connect).listen(+(process.env.PORT || 0), "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
