"use strict";
// Counters of what happened, which a test can wait for.

class Stats {
  constructor() {
    this.waiting = [];
    this.reset();
  }

  reset() {
    this.counts = {
      binds: 0, binds_refused: 0, unbinds: 0, unbinds_answered: 0, closed: 0,
      enquiries: 0, enquiries_answered: 0, queries: 0,
      submits: 0, accepted: 0, refused: 0, answers: 0,
      receipts_sent: 0, receipts_acknowledged: 0, receipts_refused: 0,
      messages_sent: 0, messages_acknowledged: 0, messages_refused: 0,
    };
  }

  add(counter) {
    this.counts[counter] += 1;
    this.waiting = this.waiting.filter((wait) => !wait());
  }

  /** Resolves once the counter is large enough, or false at the time-out. */
  wait(counter, atLeast, timeoutMs) {
    if (!(counter in this.counts)) throw new Error(`no counter ${counter}`);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ reached: false }), timeoutMs);
      const look = () => {
        const reached = this.counts[counter] >= atLeast;
        if (reached) {
          clearTimeout(timer);
          resolve({ reached });
        }
        return reached;
      };
      if (!look()) this.waiting.push(look);
    });
  }
}

module.exports = { Stats };
