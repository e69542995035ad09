"use strict";
// What the SMSC must not forget: the submits that it accepted, and what an ESME has not acknowledged.
// With a file it survives the death of the process; every line is one change.

const fs = require("fs");

class Journal {
  /** `path` may be empty: then everything is forgotten at the end. */
  constructor(path) {
    this.accepted = [];
    this.kept = new Map(); // key → a deliver_sm that is not acknowledged
    this.lastKey = 0;
    this.lastId = 1_000_000;
    this.file = null;
    if (path) {
      this.file = fs.openSync(path, "a+");
      for (const line of fs.readFileSync(path, "utf8").split("\n")) this.apply(line);
    }
  }

  apply(line) {
    if (!line) return;
    let change;
    try {
      change = JSON.parse(line);
    } catch {
      return; // killed in the middle of a line
    }
    if (change.submit) {
      this.accepted.push(change.submit);
      this.lastId = Math.max(this.lastId, change.submit.number);
    } else if (change.keep) {
      this.kept.set(change.key, change.keep);
    } else {
      this.kept.delete(change.key);
    }
    this.lastKey = Math.max(this.lastKey, change.key || 0);
  }

  write(change) {
    if (this.file !== null) fs.writeSync(this.file, JSON.stringify(change) + "\n");
  }

  accept(submit) {
    this.accepted.push(submit);
    this.write({ submit });
  }

  keep(delivery) {
    const key = ++this.lastKey;
    this.kept.set(key, delivery);
    this.write({ key, keep: delivery });
    return key;
  }

  release(key) {
    if (this.kept.delete(key)) this.write({ key });
  }

  nextId() {
    return ++this.lastId;
  }

  reset() {
    this.accepted = [];
    this.kept.clear();
    if (this.file !== null) fs.ftruncateSync(this.file);
  }
}

module.exports = { Journal };
