// Whether the official library takes each request on stdin: [{secret, headers, body}] to [true, …].
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

function isTaken({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(isTaken)));
