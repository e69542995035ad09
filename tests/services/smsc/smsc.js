"use strict";
// An SMSC for tests, on npm's `smpp` (node-smpp): an implementation of SMPP that is not ours.
// It listens on loopback only, prints its ports as one line of JSON, and ends with its standard input.
// Environment: PORT, CONTROL_PORT (0: any), STATE (a file that survives this process), PEM (TLS).
// tests/services/smsc.py is its other half and says what the control requests do.

const fs = require("fs");
const http = require("http");
const smpp = require("smpp");
const { Center } = require("./center");
const { Journal } = require("./journal");
const { Settings } = require("./settings");
const { Stats } = require("./stats");

const environment = process.env;
const settings = new Settings();
const stats = new Stats();
const journal = new Journal(environment.STATE || "");
const center = new Center({ settings, journal, stats });

const controls = {
  "GET /stats": () => ({ ...stats.counts, kept: journal.kept.size, sessions: sessions() }),
  "GET /submits": () => journal.accepted,
  "POST /settings": (body) => settings.change(body),
  "POST /reset": () => {
    settings.reset();
    stats.reset();
    journal.reset();
  },
  "POST /wait": ({ counter, at_least, timeout_ms }) => stats.wait(counter, at_least, timeout_ms),
  "POST /messages": (body) => center.receive(body),
  "POST /kick": (body) => center.kick(body),
  "POST /unbind": () => center.askToUnbind(),
  "POST /enquire": () => center.enquire(),
  "POST /octets": ({ octets }) => center.write(octets),
};

function sessions() {
  return [...center.sessions].map((session) => ({
    number: session.number,
    mode: session.mode,
    system_id: session.systemId,
    system_type: session.systemType,
    in_flight: session.flying.size,
  }));
}

async function control(request, response) {
  const handle = controls[`${request.method} ${request.url}`];
  let status = handle ? 200 : 404;
  let answer = {};
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    if (handle) answer = (await handle(body ? JSON.parse(body) : {})) ?? {};
  } catch (error) {
    status = 400;
    answer = { error: error.message };
  }
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(answer));
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(+(port || 0), "127.0.0.1", () => resolve(server.address().port));
  });
}

async function main() {
  const pem = environment.PEM && fs.readFileSync(environment.PEM);
  const server = smpp.createServer(pem ? { key: pem, cert: pem } : {}, (session) => center.connect(session));
  server.on("tlsClientError", () => {});
  const port = await listen(server, environment.PORT);
  const control_port = await listen(http.createServer(control), environment.CONTROL_PORT);
  process.stdin.on("end", () => process.exit(0)).resume();
  console.log(JSON.stringify({ port, control_port }));
}

main();
