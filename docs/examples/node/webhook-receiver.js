// node webhook-receiver.js PORT SECRET_FILE: receives webhooks with the library standardwebhooks.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const [port, secretFile] = process.argv.slice(2);
const webhook = new Webhook(readFileSync(secretFile, "utf8").trim());
const seen = new Set(); // in earnest: a table

createServer((request, response) => {
  const parts = [];
  let size = 0;
  request.on("data", (part) => {
    size += part.length;
    if (size > 1_000_000) request.destroy();
    else parts.push(part);
  });
  request.on("end", () => {
    let event;
    try {
      event = webhook.verify(Buffer.concat(parts).toString("utf8"), request.headers);
    } catch {
      return response.writeHead(401).end();
    }
    const id = request.headers["webhook-id"];
    if (!seen.has(id)) console.log(event.sequence, event.type, ...(event.data.adopted ?? []));
    seen.add(id);
    response.writeHead(204).end();
  });
}).listen(Number(port), "127.0.0.1");
