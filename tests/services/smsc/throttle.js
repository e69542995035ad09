"use strict";
// How carriers count what an ESME may submit: by the second of the clock, within any second, or by
// a bucket that fills up all the time.

class Throttle {
  constructor() {
    this.second = 0;
    this.used = 0;
    this.times = [];
    this.tokens = 0;
    this.filledAt = 0;
  }

  /** Whether one more submit is within the allowance; then it is counted. */
  takes({ allowance, allowance_by }) {
    const count = { second: this.bySecond, window: this.byWindow, bucket: this.byBucket };
    return !allowance || count[allowance_by].call(this, allowance, Date.now());
  }

  bySecond(allowance, now) {
    const second = Math.floor(now / 1000);
    if (second !== this.second) {
      this.second = second;
      this.used = 0;
    }
    return this.used < allowance && ++this.used > 0;
  }

  byWindow(allowance, now) {
    while (this.times.length && this.times[0] <= now - 1000) this.times.shift();
    return this.times.length < allowance && this.times.push(now) > 0;
  }

  byBucket(allowance, now) {
    const size = Math.max(1, allowance / 10);
    this.tokens = Math.min(size, this.tokens + ((now - this.filledAt) * allowance) / 1000);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

module.exports = { Throttle };
