// A complete receiver of Hookline's webhooks. Needs only Node.js, 22.18 or newer (or any TypeScript runner).
//
//     WEBHOOK_SECRET=whsec_… node examples/receivers/receiver.mts
//
// It verifies, stores, answers, and works afterwards, so that a crash at any point loses nothing:
// what was not answered comes again, and what was answered is in the inbox. WEBHOOK_SECRET may hold
// several secrets with spaces between, RECEIVER_PORT another port than 9000, INBOX another file than
// inbox.jsonl. A real service keeps the inbox in its database: a table whose key is the event's id.

import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";

type Event = { id: string; type: string; sequence: number; data: { id: string } };

const secrets = (process.env.WEBHOOK_SECRET ?? "").split(" ").filter(Boolean);
const port = Number(process.env.RECEIVER_PORT ?? 9000);
const inboxFile = process.env.INBOX ?? "inbox.jsonl";
const doneFile = `${inboxFile}.done`;
const bodyBytesMax = 1_000_000;
const toleranceSeconds = 300;

// Whether a signature is right, by any secret, and the request no old one sent again.
function isSigned(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const sentAt = String(headers["webhook-timestamp"] ?? "");
  const age = Math.abs(Date.now() / 1000 - Number(sentAt));
  if (!/^\d+$/.test(sentAt) || age > toleranceSeconds) return false;
  const given = String(headers["webhook-signature"] ?? "").split(" "); // two while a secret is rotated
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const content = `${String(headers["webhook-id"] ?? "")}.${sentAt}.`;
    const expected = createHmac("sha256", key).update(content).update(body).digest();
    return given.some((one) => {
      const [version, text = ""] = one.split(",");
      const found = Buffer.from(text, "base64");
      return version === "v1" && found.length === expected.length && timingSafeEqual(found, expected);
    });
  });
}

const known = new Set<string>();
const latest = new Map<string, number>(); // how far each resource is; a real service has it in its row
const waiting: Event[] = [];
let done = existsSync(doneFile) ? Number(readFileSync(doneFile, "utf8")) : 0;

// Whether the event is newer than all that is known of its resource.
function note(event: Event): boolean {
  if (event.sequence <= (latest.get(event.data.id) ?? 0)) return false;
  latest.set(event.data.id, event.sequence);
  return true;
}

// Stores the event durably; false when it is there already. Throws when it cannot be stored.
function take(event: Event): boolean {
  if (known.has(event.id)) return false;
  const file = openSync(inboxFile, "a");
  try {
    writeSync(file, `${JSON.stringify(event)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  known.add(event.id);
  waiting.push(event);
  return true;
}

// One event after the other. It may be done twice if the program dies in the middle of it.
function work(): void {
  for (let event = waiting.shift(); event; event = waiting.shift()) {
    const word = note(event) ? "did" : "older";
    console.log(`${word} ${event.type} ${event.data.id} ${event.sequence}`); // your work
    done += 1;
    writeFileSync(doneFile, String(done));
  }
}

function receive(headers: IncomingHttpHeaders, body: Buffer, answer: ServerResponse): void {
  if (!isSigned(headers, body)) {
    console.log("refused: the signature is not right");
    answer.writeHead(401).end();
    return;
  }
  const event: Event = JSON.parse(body.toString("utf8"));
  try {
    if (!take(event)) console.log(`again ${event.id}`);
  } catch (error) {
    console.log(`not stored: ${String(error)}`);
    answer.writeHead(503, { "retry-after": "30" }).end();
    return;
  }
  answer.writeHead(204).end(() => setImmediate(work));
}

if (!secrets.length) {
  console.error("Set WEBHOOK_SECRET to the webhook's signing secret (whsec_…).");
  process.exit(1);
}
const lines = existsSync(inboxFile) ? readFileSync(inboxFile, "utf8").split("\n").filter(Boolean) : [];
lines.forEach((line, number) => {
  const event: Event = JSON.parse(line);
  known.add(event.id);
  if (number < done) note(event);
  else waiting.push(event);
});
work();
createServer((request, answer) => {
  const parts: Buffer[] = [];
  let size = 0;
  request.on("data", (part: Buffer) => {
    size += part.length;
    if (size <= bodyBytesMax) parts.push(part);
  });
  request.on("end", () => {
    if (size > bodyBytesMax) answer.writeHead(413).end();
    else receive(request.headers, Buffer.concat(parts), answer);
  });
}).listen(port, "127.0.0.1", () => console.log(`listening on http://localhost:${port}/`));
