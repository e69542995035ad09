"use strict";
// Delivery receipts as carriers write them (SMPP 3.4 appendix B, §5.3.2.35), in all their variants.

const STATES = {
  ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8,
};

const ID_FORMATS = {
  decimal: (number) => String(number),
  padded: (number) => String(number).padStart(10, "0"),
  hex: (number) => number.toString(16),
  HEX: (number) => number.toString(16).toUpperCase(),
};

function formatId(number, format) {
  return ID_FORMATS[format](number);
}

/** The fields of the deliver_sm that reports `state` of an accepted submit. */
function receiptOf(submit, state, error, settings) {
  const id = formatId(submit.number, settings.receipt_id_format);
  const fields = {
    source_addr_ton: submit.destination_ton,
    source_addr_npi: submit.destination_npi,
    source_addr: submit.destination,
    dest_addr_ton: submit.source_ton,
    dest_addr_npi: submit.source_npi,
    destination_addr: submit.source,
    esm_class: 4,
    data_coding: 0,
  };
  if (settings.receipt_tlvs) {
    fields.receipted_message_id = id;
    fields.message_state = STATES[state];
  }
  return { fields, text: textOf(settings.receipt_text, { id, state, error }) };
}

function textOf(template, values) {
  const date = new Date().toISOString().slice(2, 16).replace(/[-T:]/g, "");
  const delivered = values.state === "DELIVRD" ? "001" : "000";
  const known = { ...values, date, delivered };
  return template.replace(/\{(\w+)\}/g, (_, name) => known[name]);
}

module.exports = { STATES, formatId, receiptOf };
