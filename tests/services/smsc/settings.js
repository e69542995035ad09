"use strict";
// How the SMSC behaves; POST /settings on the control port changes it at any moment.

const RECEIPT_TEXT =
  "id:{id} sub:001 dlvrd:{delivered} submit date:{date} done date:{date} stat:{state} err:{error} text:";

const DEFAULTS = {
  bind_status: 0, // command_status of bind responses; not 0: the bind is refused
  sessions_max: 1000, // a bind beyond these is refused with ESME_RALYBND
  answers_enquiries: true,
  allowance: 0, // submits a second, the others are answered with ESME_RTHROTTLED; 0: no limit
  allowance_by: "second", // of the clock, "window" (any second) or "bucket" (of a tenth of a second's)
  response_delay_ms: 0,
  answer_id_format: "decimal", // decimal, padded, hex, HEX
  receipt_id_format: "decimal",
  receipts: true,
  receipt_delay_ms: 20,
  receipts_first: false, // each receipt leaves before the submit_sm_resp that names its message
  receipt_tlvs: true,
  receipts_by: "deliver_sm", // or data_sm, which has no text but the TLVs
  query_states: [], // what query_sm is answered, one after the other, the last for ever; empty: it is not known
  receipt_text: RECEIPT_TEXT, // empty: only TLVs
  states: ["DELIVRD"], // one receipt each, `receipt_delay_ms` apart
  error: "000",
  retry_delay_ms: 1000, // until a deliver_sm that was refused is sent again
  // The first rule that fits a submit and has `times` left decides what is done with it:
  // { destination: "regular expression", times: 3, status: 88, lose: "submit" | "answer",
  //   kick: true, states: [...], error: "034" }, all optional.
  rules: [],
};

class Settings {
  constructor() {
    this.reset();
  }

  reset() {
    this.values = structuredClone(DEFAULTS);
  }

  change(changes) {
    for (const name of Object.keys(changes)) {
      if (!(name in DEFAULTS)) throw new Error(`no setting ${name}`);
    }
    Object.assign(this.values, changes);
  }

  /** The rule for a submit, used up by one; an empty one where none fits. */
  take(destination) {
    for (const rule of this.values.rules) {
      if (rule.times === 0) continue;
      if (rule.destination && !new RegExp(rule.destination).test(destination)) continue;
      if (rule.times) rule.times -= 1;
      return rule;
    }
    return {};
  }
}

module.exports = { Settings };
