"use strict";
// The message center: sessions, submits and their answers, and what is to be delivered to ESMEs.
// Frames are read and written by node-smpp. A delivery is kept until its deliver_sm_resp, and sent
// again on the next bind of the same system id.

const smpp = require("smpp");
const { STATES, formatId, receiptOf } = require("./receipts");
const { Throttle } = require("./throttle");

const LOOK_EVERY_MS = 5;

// node-smpp decodes the text; tests also want its octets as they came.
const filter = smpp.commands.submit_sm.params.short_message.filter;
const decode = filter.decode;
filter.decode = function (value, skipUdh) {
  if (Buffer.isBuffer(value)) this.octets = value;
  return decode.call(this, value, skipUdh);
};

class Center {
  constructor({ settings, journal, stats }) {
    this.settings = settings;
    this.journal = journal;
    this.stats = stats;
    this.sessions = new Set();
    this.connections = 0;
    this.throttle = new Throttle();
    this.due = []; // [when, key of a kept delivery]
    for (const key of journal.kept.keys()) this.due.push([0, key]);
    setInterval(() => this.deliverDue(), LOOK_EVERY_MS);
  }

  /** Takes a new connection. */
  connect(session) {
    session.socket.setNoDelay(true);
    session.number = ++this.connections;
    session.flying = new Set(); // keys of deliveries without an answer
    session.mode = "";
    for (const mode of ["transceiver", "transmitter", "receiver"]) {
      session.on(`bind_${mode}`, (pdu) => this.bind(session, mode, pdu));
    }
    session.on("submit_sm", (pdu) => this.submit(session, pdu));
    session.on("enquire_link", (pdu) => this.enquired(session, pdu));
    session.on("query_sm", (pdu) => this.query(session, pdu));
    session.on("unbind", (pdu) => this.unbind(session, pdu));
    session.on("unknown", (pdu) => session.send(pdu.response()));
    session.on("error", () => session.destroy());
    session.on("close", () => this.closed(session));
  }

  bind(session, mode, pdu) {
    const { bind_status, sessions_max } = this.settings.values;
    const status = this.sessions.size < sessions_max ? bind_status : smpp.ESME_RALYBND;
    this.stats.add(status ? "binds_refused" : "binds");
    session.send(pdu.response(status ? { command_status: status } : { system_id: "TESTSMSC" }));
    if (status) return;
    session.mode = mode;
    session.systemId = pdu.system_id;
    session.systemType = pdu.system_type;
    this.sessions.add(session);
  }

  query(session, pdu) {
    this.stats.add("queries");
    const { query_states: states } = this.settings.values;
    const known = this.journal.accepted.find(
      (one) => one.message_id === pdu.message_id && one.source === pdu.source_addr,
    );
    const state = states[Math.min(this.stats.counts.queries, states.length) - 1];
    if (!state) session.send(pdu.response({ command_status: smpp.ESME_RINVCMDID }));
    else if (!known) session.send(pdu.response({ command_status: smpp.ESME_RQUERYFAIL }));
    else session.send(pdu.response({ message_id: pdu.message_id, message_state: STATES[state] }));
  }

  unbind(session, pdu) {
    this.stats.add("unbinds");
    this.sessions.delete(session);
    session.send(pdu.response());
    session.close();
  }

  enquired(session, pdu) {
    this.stats.add("enquiries");
    if (this.settings.values.answers_enquiries) session.send(pdu.response());
  }

  closed(session) {
    this.sessions.delete(session);
    for (const key of session.flying) this.due.push([0, key]);
    session.flying.clear();
    this.stats.add("closed");
  }

  submit(session, pdu) {
    this.stats.add("submits");
    if (!session.mode || session.mode === "receiver") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS }));
      return;
    }
    if (!this.throttle.takes(this.settings.values)) {
      this.stats.add("refused");
      this.answer(session, pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    const rule = this.settings.take(pdu.destination_addr);
    if (rule.lose === "submit") return;
    if (rule.status) {
      this.stats.add("refused");
      this.answer(session, pdu.response({ command_status: rule.status }));
      return;
    }
    const submit = { session: session.number, ...describe(pdu, this.journal.nextId()) };
    const values = this.settings.values;
    submit.message_id = formatId(submit.number, values.answer_id_format);
    this.journal.accept(submit);
    this.stats.add("accepted");
    if (values.receipts && submit.registered_delivery & 1) this.report(session, submit, rule);
    if (rule.kick) session.destroy();
    else if (rule.lose !== "answer") {
      this.answer(session, pdu.response({ message_id: submit.message_id }));
    }
  }

  answer(session, response) {
    const send = () => {
      if (session.send(response)) this.stats.add("answers");
    };
    const delay = this.settings.values.response_delay_ms;
    if (delay) setTimeout(send, delay);
    else send();
  }

  report(session, submit, rule) {
    const values = this.settings.values;
    const states = rule.states || values.states;
    states.forEach((state, index) => {
      const receipt = receiptOf(submit, state, rule.error || values.error, values);
      const key = this.journal.keep({ kind: "receipt", system_id: session.systemId, ...receipt });
      if (values.receipts_first) this.deliver(key);
      else this.due.push([Date.now() + values.receipt_delay_ms * (index + 1), key]);
    });
  }

  /** Keeps a message for an ESME. `text` is encoded by node-smpp; `octets` (hex) leave as they are. */
  receive({ system_id = "esme", text = null, octets = "", udh = "", ...fields }) {
    const delivery = { kind: "message", system_id, fields, text, octets, udh };
    this.due.push([0, this.journal.keep(delivery)]);
  }

  deliverDue() {
    const now = Date.now();
    for (const entry of this.due.splice(0)) {
      if (entry[0] > now || !this.deliver(entry[1])) this.due.push(entry);
    }
  }

  /** Whether there is nothing left to do: it was sent, or is not kept any more. */
  deliver(key) {
    const delivery = this.journal.kept.get(key);
    if (!delivery) return true;
    const session = [...this.sessions].find(
      (one) => one.mode !== "transmitter" && one.systemId === delivery.system_id,
    );
    if (!session) return false;
    session.flying.add(key);
    this.stats.add(`${delivery.kind}s_sent`);
    const answered = (response) => {
      session.flying.delete(key);
      if (response.command_status === 0) {
        this.journal.release(key);
        this.stats.add(`${delivery.kind}s_acknowledged`);
      } else {
        this.stats.add(`${delivery.kind}s_refused`);
        this.due.push([Date.now() + this.settings.values.retry_delay_ms, key]);
      }
    };
    if (delivery.kind === "receipt" && this.settings.values.receipts_by === "data_sm") {
      session.data_sm(delivery.fields, answered);
    } else {
      session.deliver_sm({ ...delivery.fields, short_message: bodyOf(delivery) }, answered);
    }
    return true;
  }

  /** Destroys every connection, or that of one session, without a word. */
  kick({ session: number = 0 }) {
    for (const session of this.sessions) if (!number || session.number === number) session.destroy();
  }

  /** Asks every ESME to unbind, as a carrier does before its maintenance. */
  askToUnbind() {
    for (const session of this.sessions) {
      session.unbind({}, () => {
        this.stats.add("unbinds_answered");
        session.close();
      });
    }
  }

  enquire() {
    for (const session of this.sessions) {
      session.enquire_link({}, () => this.stats.add("enquiries_answered"));
    }
  }

  /** Writes octets (hex) as they are into every session. */
  write(octets) {
    for (const session of this.sessions) session.socket.write(Buffer.from(octets, "hex"));
  }
}

function describe(pdu, number) {
  const octets = pdu.octets || Buffer.alloc(0);
  const headerLength = pdu.esm_class & 0x40 && octets.length ? octets[0] + 1 : 0;
  const decoded = (pdu.message_payload || pdu.short_message).message;
  return {
    number,
    source: pdu.source_addr,
    source_ton: pdu.source_addr_ton,
    source_npi: pdu.source_addr_npi,
    destination: pdu.destination_addr,
    destination_ton: pdu.dest_addr_ton,
    destination_npi: pdu.dest_addr_npi,
    text: typeof decoded === "string" ? decoded : "",
    octets: octets.subarray(headerLength).toString("hex"),
    udh: octets.subarray(0, headerLength).toString("hex"),
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    service_type: pdu.service_type,
    registered_delivery: pdu.registered_delivery,
    validity_period: pdu.validity_period,
    is_payload: pdu.message_payload !== undefined,
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum].map((n) => n || 0),
  };
}

function bodyOf({ text, octets, udh }) {
  const message = text === null ? Buffer.from(octets, "hex") : text;
  return udh ? { udh: Buffer.from(udh, "hex"), message } : { message };
}

module.exports = { Center };
